// Keeping the card on the phone, showing it without network, learning what it is worth with network, and deleting it.
// Nothing is stored before the holder says so. Kept: {at, cards: [{kind, name, number, state, token, until, renew, qr, offline}]}
const KEY = "aid-card";
const PATIENCE = 4000;
const STATES = { valid: ["有效", "ok"], expired: ["已过期", "warn"], revoked: ["已吊销", "bad"], corrected: ["已更正", "warn"], unknown: ["查无此证", "bad"] };
const root = document.getElementById("aid");
const part = (name, within = root) => within.querySelector(`[data-${name}]`);
const shown = () => [...part("cards").querySelectorAll("[data-card]")];
const known = "known" in root.dataset;
const ENDED = JSON.parse(root.dataset.endedWords);

function load() {
  try { return JSON.parse(localStorage.getItem(KEY)); } catch { return null; }
}

const two = (number) => String(number).padStart(2, "0");
function moment(at) {
  const there = new Date(at + 8 * 3600_000); // Jiangyin's time, whatever the phone's
  return `${there.getUTCFullYear()}年${there.getUTCMonth() + 1}月${there.getUTCDate()}日 ${two(there.getUTCHours())}:${two(there.getUTCMinutes())}`;
}
const today = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10);
const dayWords = (iso) => (iso ? iso.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, "$1年$2月$3日") : "长期");
const stateOf = ({ state, until }) => (state === "valid" && until && until < today() ? "expired" : state);

// The server's own SVG, out of our own storage.
function drawn(svg) {
  const found = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  return found.localName === "svg" ? document.importNode(found, true) : "";
}

function build(card) {
  const article = document.getElementById("aid-card").content.firstElementChild.cloneNode(true);
  const texts = { ...card, until_words: dayWords(card.until), renew_words: dayWords(card.renew) };
  for (const place of article.querySelectorAll("[data-f]")) place.textContent = texts[place.dataset.f];
  const state = stateOf(card);
  const [word, tone] = STATES[state];
  part("pill", article).replaceChildren(Object.assign(document.createElement("span"), { className: `pill ${tone}`, textContent: word }));
  const good = state === "valid";
  for (const [name, svg, place] of [["qr", card.qr, "qr"], ["offline", card.offline, "offline-qr"]]) {
    part(name, article).hidden = !good || !svg;
    if (good && svg) part(place, article).replaceChildren(drawn(svg));
  }
  part("paper", article).hidden = Boolean(card.token);
  part("renew", article).hidden = !good || !card.renew;
  part("ended", article).hidden = good;
  part("ended", article).textContent = ENDED[state] || "";
  return article;
}

const ofPage = () => shown().filter((article) => article.dataset.keep).map((article) => ({
  ...JSON.parse(article.dataset.keep), qr: part("qr", article).innerHTML.trim(), offline: part("offline-qr", article).innerHTML.trim(),
}));

function save(kept) {
  localStorage.setItem(KEY, JSON.stringify(kept));
}

function paint() {
  const kept = load();
  if (kept && !known) part("cards").replaceChildren(...kept.cards.map(build));
  if (!kept && !known) part("cards").replaceChildren();
  const mine = kept && (!known || same(kept.cards, ofPage()));
  if (part("nothing")) part("nothing").hidden = Boolean(kept);
  part("updated").hidden = !shown().length;
  if (!known && kept) part("at").textContent = moment(kept.at);
  part("ask").hidden = !known || mine || !ofPage().some((card) => card.state === "valid") || !("serviceWorker" in navigator);
  part("replaces").hidden = !kept || mine;
  part("kept-here").hidden = !mine;
  document.body.dataset.kept = mine ? "yes" : "no";
}

// Whether both are one holder's: a later list still names what was revoked, corrected or has ended.
const same = (kept, now) => kept.some((one) => now.some((each) => each.number === one.number));

function say(words) {
  part("said").hidden = !words;
  part("said").textContent = words;
}

async function installed() {
  const made = await navigator.serviceWorker.register("/card-sw.js", { scope: "/card" });
  const worker = made.active || made.waiting || made.installing;
  await new Promise((resolve) => {
    if (worker.state === "activated") return resolve();
    worker.addEventListener("statechange", () => { if (worker.state === "activated" || worker.state === "redundant") resolve(); });
  });
  if (worker.state === "redundant") throw new Error("not installed");
}

async function remove() {
  localStorage.removeItem(KEY);
  for (const made of await navigator.serviceWorker.getRegistrations()) {
    if (new URL(made.scope).pathname === "/card") await made.unregister();
  }
  for (const name of await caches.keys()) if (name.startsWith("card-")) await caches.delete(name);
}

// What each kept certificate is worth now, by its public code.
async function renew() {
  const kept = load();
  if (!kept || known) return;
  try {
    for (const card of kept.cards.filter(({ token }) => token)) {
      const reply = await fetch(`/api/v1/verify/${card.token}`, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE) });
      if (!reply.ok && reply.status !== 404) throw new Error(String(reply.status));
      card.state = reply.ok ? (await reply.json()).state : "unknown";
      // A code that no longer stands is of no more use to anybody.
      if (card.state === "revoked" || card.state === "unknown") [card.qr, card.offline] = ["", ""];
    }
    // Deleted meanwhile, in this tab or another: it stays deleted.
    if (!load()) return;
    save({ ...kept, at: Date.now() });
    part("away").hidden = true;
  } catch {
    part("away").hidden = false;
    part("away").textContent = "没有网络，显示的是这台手机里存的；状态以联网核验为准。";
  }
  paint();
  document.body.dataset.renewed = "yes";
}

part("save").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  try {
    save({ at: Date.now(), cards: ofPage() });
    await installed();
    say("已存到这台手机。");
  } catch {
    await remove().catch(() => {});
    say("没有存上：浏览器不让存，或网络断了。请换手机自带的浏览器再试。");
  }
  target.disabled = false;
  paint();
});
part("delete").addEventListener("click", async () => {
  await remove();
  say(known ? "已从这台手机删除。" : "已从这台手机删除。要再看，请联网验证手机号。");
  paint();
});
addEventListener("storage", ({ key }) => { if (key === KEY || key === null) paint(); });
addEventListener("online", renew);

// A screen that goes dark in front of a scanner helps nobody.
const awake = () => { if (!document.hidden && shown().length) navigator.wakeLock?.request("screen").catch(() => {}); };
document.addEventListener("visibilitychange", awake);

// The holder chose to keep these: with network and a proved phone they are brought up to date.
const before = load();
if (known && before && same(before.cards, ofPage())) save({ at: Date.now(), cards: ofPage() });
paint();
await renew();
awake();
document.body.dataset.ready = "yes";
