// The scan page: camera or typed code in, one large answer out. Without this file the code form still works.
import { Camera } from "./scan-camera.js";
import { Check, unable } from "./scan-check.js";
import { clock } from "./scan-guess.js";
import { Names } from "./scan-names.js";
import { Pin } from "./scan-pin.js";
import { PhoneRoster } from "./scan-roster.js";
import { choose, chosen, signal, wake } from "./scan-signals.js";
import { Sync } from "./scan-sync.js";
import { Unit } from "./scan-unit.js";

const root = document.getElementById("scan");
const part = (name) => root.querySelector(`[data-${name}]`);
const TONE = { accepted: "ok", already: "warn", refused: "bad" };
const POLL = 4000;
const ROSTER = 120000;
let shown = {};
let lateRefusals = 0;
let out = false; // whether people are scanned out, where the syllabus asks for that
const guessed = new Set();

function verdict({ nonce, tone, name, word, message, offline }) {
  shown = { nonce, tone };
  const box = document.createElement("div");
  box.className = `verdict ${tone}${offline ? " kept" : ""}`;
  box.append(document.getElementById(`icon-${tone}`).content.cloneNode(true));
  const text = document.createElement("div");
  const [large, small] = [document.createElement("b"), document.createElement("p")];
  large.textContent = name || word;
  small.textContent = name && !message.includes(word) ? `${word}。${message}` : message;
  text.append(large, small);
  box.append(text);
  part("answer").replaceChildren(box);
}

// The server's words where it has spoken, the phone's own where it has not. Who types further down is led up to them;
// whom a tick let in is marked in the list itself, and the next name is wanted there.
function show(answer, ticked = false) {
  const tone = answer.offline ? answer.tone : TONE[answer.verdict];
  const loud = answer.nonce !== shown.nonce || tone !== shown.tone;
  const words = answer.out ? LEFT : WORDS;
  verdict({ word: words[answer.code] || answer.word, ...answer, tone, ...(answer.code === "ok" && { message: "" }) });
  if (loud) signal(tone);
  if (loud && !(ticked && tone === "ok")) part("answer").scrollIntoView({ block: "nearest" });
  if (!answer.offline) refresh();
}

const WORDS = {
  ok: "签到成功", already: "已签过到", withdrawn: "已取消", waitlisted: "候补中", pending: "待监护人同意", lapsed: "报名已失效",
  moved: "已转场", wrong_run: "不是本场的票", unknown_ticket: "查不到这张票", not_a_ticket: "不是票", too_early: "还没开始签到",
  run_closed: "签到已结束", run_not_open: "本场未开放", unknown_meeting: "时间已改",
};

const LEFT = { ok: "已签退", unknown_ticket: "查不到这张票", not_here: "这一课没有签到", too_early: "还没开始", exit_closed: "签退已结束" };

// An answer that comes after the phone has spoken for itself, or after somebody else was scanned.
function late(answer) {
  if (answer.nonce === shown.nonce) return show(answer);
  if (answer.verdict !== "refused" || !guessed.delete(answer.nonce)) return;
  lateRefusals += 1;
  sync.say();
}

function net({ state, waiting }) {
  const words = {
    online: waiting ? `待同步 ${waiting}` : lateRefusals ? `有 ${lateRefusals} 条上传后没有通过，请到名单核对。` : "",
    offline: `离线${waiting ? `，待同步 ${waiting}` : "，扫到的会先存在手机里"}`,
    signin: `登录已过期，扫到的还在手机里（${waiting}）。`,
    closed: `服务器没有收下（${waiting}），请联系市红十字会。`,
    elsewhere: `本场的都已上传。别的场次还有 ${waiting} 条没有传上，请找那一场的老师。`,
  }[state];
  if (state === "revoked") return revoked(waiting);
  part("net").hidden = !words;
  part("net-words").textContent = words;
  blind(state === "offline");
  names.show();
  if (state === "signin") part("net-words").append(signInLink("重新登录"));
}

function signInLink(words) {
  const link = document.createElement("a");
  link.href = root.dataset.signin;
  link.textContent = words;
  return link;
}

// The camera stops and nothing more is taken; what was not sent stays on the phone until somebody may send it.
function revoked(waiting) {
  camera.close();
  unit.close();
  for (const name of ["camera", "toggles", "names", "lock", "ready"]) if (part(name)) part(name).hidden = true;
  document.querySelector(".act").hidden = true;
  const left = waiting ? `还有 ${waiting} 条没上传，都留在这台手机里：请老师重新邀请，或在这台手机上登录，就会自动补传。` : "都已上传。要继续签到，请找老师。";
  verdict({ tone: "bad", word: "签到权限已收回", message: `${left}存着的名单已清掉。` });
  const way = document.createElement("p");
  way.className = "scan-way";
  way.append(Object.assign(signInLink("老师在这台手机上登录"), { className: "btn" }));
  part("answer").append(way);
}

// What the phone cannot know while nobody answers, and how old what it knows is.
function blind(offline) {
  part("blind").hidden = !offline;
  if (!offline) return;
  const { rows, at, state } = roster;
  const minutes = Math.round((Date.now() - at) / 60000);
  const old = minutes < 1 ? "刚刚" : minutes < 100 ? `${minutes} 分钟前` : `${Math.round(minutes / 60)} 小时前`;
  if (part("blind-old")) part("blind-old").textContent = rows ? `名单：${old}` : "";
  part("blind-age").textContent = rows
    ? `手机里的名单是 ${clock(at)} 的（${old}），共 ${rows.length} 人。`
    : state === "locked" ? "手机里的名单锁着，输入 PIN 才能核对。" : "手机里没有名单，是否报过名要联网后才核对。";
}

const [run, meeting] = [Number(root.dataset.run), Number(root.dataset.meeting)];
const roster = new PhoneRoster({
  run, meeting, until: Date.parse(root.dataset.until), changed() {
    pin.show();
    names.show();
    if (!roster.rows) unit.close();
    blind(sync.state === "offline" || !navigator.onLine);
    document.body.dataset.names = roster.rows ? roster.rows.length : roster.state;
  },
});
const sync = new Sync({ run, meeting, csrf: root.dataset.csrf, tell: net, answered: late, roster });
const names = new Names({ box: part("names"), roster, meeting, tick: (row) => answered(sync.tick(row, out), true), withdraw });
const pin = new Pin({ lock: part("lock"), box: part("pin-box"), roster, fetchRoster: () => sync.fetchRoster(), done: () => check.clear() });

async function answered(asked, ticked = false) {
  const answer = await asked;
  if (sync.state === "revoked") return;
  if (answer.offline) guessed.add(answer.nonce);
  show(answer, ticked);
}

async function withdraw(nonce) {
  const done = await sync.withdraw(nonce);
  if (done) guessed.delete(nonce);
  verdict(done
    ? { nonce, tone: "warn", word: "已撤回", message: "这一条没有上传，本人可以重新签到。", offline: true }
    : { nonce, tone: "warn", word: "已经上传", message: "要撤销，请到名单里点“撤销”。" });
}

const take = (ticket, source) => answered(sync.submit(ticket, source, out));

// 签到 or 签退: said above the answer and on the button, and it begins with 签到 each time the page is opened.
function way(next) {
  out = names.out = next;
  for (const button of part("ways").querySelectorAll("button")) button.setAttribute("aria-pressed", String((button.value === "out") === out));
  document.querySelector(".scan-code .btn").textContent = out ? "签退" : "签到";
  document.body.classList.toggle("scan-out", out);
  verdict({ tone: "idle", word: out ? "现在是签退" : "现在是签到", message: "请出示票上的二维码，或报六位码。" });
  names.show();
}
if (part("ways")) {
  part("ways").hidden = false;
  for (const button of part("ways").querySelectorAll("button")) button.addEventListener("click", () => way(button.value === "out"));
}

// The kept page is older than the last count the phone has seen.
const COUNTED = `scan-count-${root.dataset.meeting}`;
function count({ arrived, expected }) {
  part("arrived").textContent = arrived;
  part("expected").textContent = expected;
}
try { if (!navigator.onLine) count(JSON.parse(sessionStorage.getItem(COUNTED))); } catch { /* never counted */ }

async function refresh() {
  try {
    const counts = await sync.counts();
    count(counts);
    if (roster.saw(counts.items)) sync.fetchRoster().catch(() => {});
    try { sessionStorage.setItem(COUNTED, JSON.stringify({ arrived: counts.arrived, expected: counts.expected })); } catch { /* private window */ }
    if (sync.state === "offline") sync.flush();
  } catch { /* shown as offline by the next scan */ }
}

function toggle(name, words, on, act) {
  const button = part(name);
  const paint = () => {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = `${words}：${on ? "开" : "关"}`;
  };
  button.addEventListener("click", async () => {
    on = !on;
    try { await act(on); } catch { on = !on; }
    paint();
  });
  paint();
}

// The code on a unit's sheet is no ticket: it leads to the unit's people of this run, to be ticked together.
const unitOf = (text) => new RegExp(`/teach/runs/${run}/group\\?unit=(\\d+)$`).exec(text);
const unit = new Unit({ box: part("unit"), roster, meeting, async tick(rows) {
  const answers = await sync.tickAll(rows);
  if (sync.state === "revoked") return;
  const [kept, refused] = [answers.filter((one) => !one.verdict), answers.filter((one) => one.verdict === "refused")];
  for (const { nonce } of kept) guessed.add(nonce);
  const not = rows.filter((_, at) => refused.includes(answers[at])).map((row) => row.name_masked);
  const words = (not.length ? `${not.length} 人没有记上：${not.join("、")}。请到名单核对。` : "")
    + (kept.length ? "联网后自动上传，有没通过的会告诉您。" : not.length ? "" : "已传到服务器。");
  const tone = not.length || kept.length ? "warn" : "ok";
  verdict({ tone, word: `记下了 ${answers.length - not.length} 人`, message: words, offline: Boolean(kept.length) });
  signal(tone);
  refresh();
} });
async function together([path, id]) {
  if (navigator.onLine && sync.state === "online" && !("limited" in root.dataset)) return location.assign(path);
  if (!out && await unit.show(Number(id))) return null;
  const message = roster.state === "locked" ? "名单锁着，请先输入 PIN，再扫这个码。" : "手机里没有这个单位的名单。请逐个扫票，或联网后再扫这个码。";
  return verdict({ tone: "warn", word: "这是单位的码", message: out ? "签退请逐个扫票。" : message });
}
const seen = (text) => (unitOf(text) ? together(unitOf(text)) : take(text, "camera"));
const camera = new Camera({ video: part("video"), found: seen, failed: withoutCamera });

function withoutCamera(words) {
  camera.close();
  part("start").hidden = false;
  part("open").hidden = Boolean(Camera.missing());
  part("camera-words").textContent = words;
}

async function open() {
  wake();
  try {
    await camera.open();
    part("start").hidden = true;
    part("torch").hidden = !camera.torch;
  } catch (reason) {
    withoutCamera(reason.name === "NotAllowedError"
      ? "没有打开摄像头。请在浏览器设置里允许本页使用摄像头，或输入票上的六位码。"
      : "没有找到能用的摄像头。请输入票上的六位码，或在名单里点名。");
  }
}

const check = new Check({ box: part("ready"), roster, camera });
for (const name of ["camera", "toggles", "names", "ready"]) part(name).hidden = false;
part("other").hidden = !unable();
part("other").querySelector("span").textContent = unable();
if (location.hash === "#check") part("ready").open = true;
if (Camera.missing()) withoutCamera(Camera.missing());
part("open").addEventListener("click", open);
document.addEventListener("visibilitychange", () => {
  if (document.hidden && camera.stream) {
    camera.close();
    part("start").hidden = false;
  }
});
toggle("sound", "声音", chosen.sound, (on) => { wake(); choose("sound", on); });
toggle("buzz", "振动", chosen.buzz, (on) => choose("buzz", on));
toggle("torch", "手电", false, (on) => camera.torch?.applyConstraints({ advanced: [{ torch: on }] }));

document.querySelector("[data-code]").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.code;
  const code = field.value.trim();
  wake();
  field.focus();
  if (code) take(code, "code");
  field.value = "";
});

// The phone keeps this page and its parts; the roster only under a PIN.
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js");
  const ready = await navigator.serviceWorker.ready;
  ready.active.postMessage({ keep: location.pathname });
}
navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data.kept) document.body.dataset.kept = "yes"; });
keep().catch(() => {});
const renew = () => { roster.expire(); if (!document.hidden && navigator.onLine) sync.fetchRoster().catch(() => {}); };
roster.begin().then(renew);
addEventListener("online", renew);
setInterval(renew, ROSTER);
sync.flush();
refresh();
setInterval(() => { if (!document.hidden && navigator.onLine && sync.state !== "revoked") refresh(); }, POLL);
