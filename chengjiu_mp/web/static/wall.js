// The hall's screen: the next code before the old one is refused, and no dead code when the network is gone.
const page = document.querySelector("[data-wall]");
const at = (name) => page.querySelector(`[data-${name}]`);
const LATE = 4000; // an answer that takes longer is a network that is gone
const AGAIN = 1000; // between two questions, at the least

let shown = take({
  counter: Number(page.dataset.counter), lives_for: Number(page.dataset.lives), dies_in: Number(page.dataset.dies), now: Number(page.dataset.now) * 1000,
});
let timer;

// Times are counted from the answer on the screen's own steady clock: its wall clock may be wrong.
function take(code) {
  const began = performance.now();
  return { counter: code.counter, next: began + code.lives_for * 1000, dead: began + code.dies_in * 1000, now: code.now, began };
}

function show(code) {
  shown = take({ ...code, now: Date.parse(code.now) });
  if (page.dataset.counter !== String(code.counter)) {
    const drawn = new DOMParser().parseFromString(code.svg, "image/svg+xml").documentElement;
    at("qr").replaceChildren(document.importNode(drawn, true));
    page.dataset.counter = code.counter;
  }
  at("arrived").textContent = code.arrived;
  at("expected").textContent = code.expected;
  at("second").hidden = !code.second;
  page.classList.toggle("second", code.second);
  at("dead").hidden = true;
}

async function ask() {
  const late = new AbortController();
  const giveUp = setTimeout(() => late.abort(), LATE);
  try {
    const reply = await fetch(page.dataset.wall, { headers: { Accept: "application/json" }, cache: "no-store", signal: late.signal });
    if (reply.ok) show(await reply.json());
    else if (reply.status < 500 && reply.status !== 429) { location.reload(); return; } // ended, over, or signed out: the page says which
  } catch { /* the network is gone: look() says so as soon as the code is dead */ } finally { clearTimeout(giveUp); }
  plan();
}

function plan() {
  clearTimeout(timer);
  timer = setTimeout(ask, Math.max(AGAIN, shown.next - performance.now() + 50));
}

function look() {
  const now = performance.now(), step = Number(page.dataset.step) * 1000;
  at("bar").setAttribute("width", `${Math.max(0, Math.min(100, (100 * (shown.next - now)) / step)).toFixed(1)}%`);
  at("clock").textContent = new Date(shown.now + now - shown.began).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
  if (now >= shown.dead) at("dead").hidden = false;
}

async function stayAwake() {
  try { if (!document.hidden) await navigator.wakeLock.request("screen"); } catch { /* an old tablet: its own setting decides */ }
}

if (page) {
  plan();
  setInterval(look, 250);
  look();
  stayAwake();
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { ask(); stayAwake(); } });
  if (document.documentElement.requestFullscreen) {
    at("full").hidden = false;
    at("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  }
}
