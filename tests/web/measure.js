// Evaluated in the page by the tests: what a person would see, as numbers.
globalThis.measure = (() => {
  const shown = (el) => el.checkVisibility({ visibilityProperty: true }) && !el.closest("script, .sr, .skip");
  const texts = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const el = walker.currentNode.parentElement;
      const words = walker.currentNode.data.trim();
      if (words && shown(el)) found.push([el, words.slice(0, 20)]);
    }
    return found;
  };
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const behind = (el) => {
    const layers = [];
    for (let each = el; each; each = each.parentElement) layers.unshift(rgba(getComputedStyle(each).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  // relative luminance and contrast ratio: WCAG 2.2
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = () => {
    const low = [];
    const pairs = texts();
    for (const [el, words] of pairs) {
      const style = getComputedStyle(el);
      const back = behind(el);
      const a = light(over(rgba(el instanceof SVGElement ? style.fill : style.color), back));
      const b = light(back);
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${el.className} ${words}`);
    }
    return { low, pairs: pairs.length };
  };
  // A tap anywhere on these does what the control inside them does.
  const whole = (el) => {
    if (el.matches("input[type=radio], input[type=checkbox]")) return el.closest("label");
    return el.matches(".run h2 a, .who a") ? el.closest(".run, li") : el;
  };
  const targets = (least) => {
    const small = [];
    let seen = 0;
    for (const el of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
      const part = whole(el);
      const within = part === el && getComputedStyle(el).display === "inline"; // a link within a sentence
      if (!shown(el) || within) continue;
      const { width, height } = part.getBoundingClientRect();
      seen += 1;
      if (Math.min(width, height) < least - 0.01) small.push(`${width}x${height} ${el.outerHTML.slice(0, 90)}`);
    }
    return { small, seen };
  };
  const type = () => ({
    least: Math.min(...texts().map(([el]) => parseFloat(getComputedStyle(el).fontSize))),
    body: parseFloat(getComputedStyle(document.body).fontSize),
  });
  const hanging = () => [...document.querySelectorAll("body *")]
    .filter((el) => shown(el) && !el.closest(".scroll, thead") && el.getBoundingClientRect().right > innerWidth + 0.5)
    .map((el) => el.outerHTML.slice(0, 90));
  return { contrast, targets, type, hanging };
})();
