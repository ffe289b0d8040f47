// Conveniences only: every page does its work with this file absent.
const on = (type, handler) => document.addEventListener(type, handler);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Say a short thing to everyone, screen readers included.
function say(text) {
  const box = document.getElementById("say");
  if (box) box.textContent = text;
}

// The elder view is a cookie; switching needs no trip to the server.
on("click", (event) => {
  const link = event.target.closest("[data-elder]");
  if (!link) return;
  event.preventDefault();
  const elder = document.documentElement.dataset.view !== "elder";
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `view=${elder ? "elder" : "plain"};path=/;max-age=31536000;samesite=lax${secure}`;
  if (elder) document.documentElement.dataset.view = "elder";
  else delete document.documentElement.dataset.view;
  for (const each of all("[data-elder]")) {
    each.querySelector("span").textContent = elder ? "标准版" : "长辈版";
    each.href = each.href.replace(/to=\w+/, elder ? "to=plain" : "to=elder");
  }
  say(elder ? "已换成长辈版，字更大" : "已换回标准版");
});

// One press, one request: the button says that work has begun and takes no second press.
// A download leaves the page where it is, so the button comes back by itself after a while.
const pressed = new Map();
function release(form) {
  const [button, nodes] = pressed.get(form) || [];
  pressed.delete(form);
  if (!button) return;
  button.replaceChildren(...nodes);
  button.removeAttribute("aria-disabled");
}
on("submit", (event) => {
  const form = event.target;
  if (pressed.has(form)) return event.preventDefault();
  if (event.defaultPrevented || form.method === "dialog" || form.target === "_blank") return;
  const button = event.submitter?.classList.contains("btn") ? event.submitter : null;
  pressed.set(form, [button, button ? [...button.childNodes] : []]);
  setTimeout(release, 10000, form);
  if (!button) return;
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.wait || "正在提交…";
});
addEventListener("pageshow", (event) => {
  if (event.persisted) [...pressed.keys()].forEach(release);
});

on("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-share], [data-print]");
  if (!button) return;
  if ("print" in button.dataset) return print();
  try {
    if (button.dataset.share && navigator.share) {
      await navigator.share({ title: document.title, url: button.dataset.share });
      return;
    }
    await navigator.clipboard.writeText(button.dataset.copy || button.dataset.share);
    say("已复制");
    const words = button.textContent;
    button.textContent = "已复制";
    setTimeout(() => { button.textContent = words; }, 2000);
  } catch (reason) {
    if (reason.name !== "AbortError") say("没能复制，请长按文字自己复制");
  }
});

// A missing reason is said at its field; without this script the browser says it.
function askWhy(form) {
  const missing = form.querySelector("[data-missing]");
  if (!missing) return;
  const why = form.elements.reason;
  const tell = (wrong) => {
    missing.hidden = !wrong;
    why.setAttribute("aria-invalid", wrong);
  };
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    if (why.value.trim()) return;
    event.preventDefault();
    tell(true);
    why.focus();
  });
  why.addEventListener("input", () => tell(false));
}

// What is told at a field is of what stood in it: whoever changes it is left alone until it is sent again. The list of
// errors above stays as it was sent, for it says what that one looked at.
on("input", ({ target }) => {
  const error = target.name && document.getElementById(`f-${target.name}-error`);
  if (!error || error.hidden) return;
  error.hidden = true;
  for (const each of all("[aria-describedby]").filter((one) => one.matches(`[aria-describedby~="${error.id}"]`))) {
    each.removeAttribute("aria-invalid");
    const others = each.getAttribute("aria-describedby").split(/\s+/).filter((id) => id !== error.id);
    if (others.join("")) each.setAttribute("aria-describedby", others.join(" "));
    else each.removeAttribute("aria-describedby");
  }
});

// What cannot be undone is asked again; with a dialog where there is one, in place where there is none.
for (const details of all("details[data-dialog]")) {
  const inner = details.querySelector(".inner");
  const dialog = document.createElement("dialog");
  if (!dialog.showModal) continue;
  const cancel = inner.querySelector("[data-cancel]");
  dialog.setAttribute("aria-labelledby", inner.querySelector("h2").id);
  const start = () => {
    dialog.append(inner);
    if (!dialog.isConnected) document.body.append(dialog);
    dialog.showModal();
    cancel?.focus();
  };
  details.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    start();
  });
  cancel?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => details.querySelector("summary").focus());
  askWhy(inner);
  if (details.open) start();
}

// Long work: ask how far it is, ever less often, and move on when it is done.
for (const box of all("[data-poll]")) {
  const words = box.querySelector("[data-words-here]");
  const bar = box.querySelector("progress");
  let wait = 1500;
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.poll, { headers: { Accept: "application/json" } });
      const job = await answer.json();
      if (words && job.text && words.textContent !== job.text) words.textContent = job.text;
      if (bar && job.total) { bar.max = job.total; bar.value = job.done; }
      if (job.state && job.state !== "working") return location.replace(job.next || location.href);
    } catch { /* the network is away: the next round asks again */ }
    wait = Math.min(wait * 1.3, 10000);
    setTimeout(ask, wait);
  };
  setTimeout(ask, wait);
}

for (const each of all("[data-script]")) each.hidden = false;
document.getElementById("errors")?.focus();
