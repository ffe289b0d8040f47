// The scan page: camera or typed code in, one large answer out. Without this file the code form still works.
import { Camera } from "./scan-camera.js";
import { choose, chosen, signal, wake } from "./scan-signals.js";
import { forgetOldRosters } from "./scan-store.js";
import { Sync } from "./scan-sync.js";

const root = document.getElementById("scan");
const part = (name) => root.querySelector(`[data-${name}]`);
const TONE = { accepted: "ok", already: "warn", refused: "bad" };
const POLL = 4000;
let shown = {};
let lateRefusals = 0;
const guessed = new Set();

function verdict({ nonce, tone, name, word, message, offline }) {
  shown = { nonce, tone };
  const box = document.createElement("div");
  box.className = `verdict ${tone}${offline ? " kept" : ""}`;
  box.append(document.getElementById(`icon-${tone}`).content.cloneNode(true));
  const text = document.createElement("div");
  const [large, small] = [document.createElement("b"), document.createElement("p")];
  large.textContent = name || word;
  small.textContent = name ? `${word}。${message}` : message;
  text.append(large, small);
  box.append(text);
  part("answer").replaceChildren(box);
}

// The server's words where it has spoken, the phone's own where it has not.
function show(answer) {
  const tone = answer.offline ? answer.tone : TONE[answer.verdict];
  const loud = answer.nonce !== shown.nonce || tone !== shown.tone;
  verdict({ word: WORDS[answer.code] || answer.word, ...answer, tone, ...(answer.code === "ok" && { message: "" }) });
  if (loud) signal(tone);
  if (!answer.offline) refresh();
}

const WORDS = {
  ok: "签到成功", already: "已签过到", withdrawn: "已取消", waitlisted: "候补中", pending: "待监护人同意", lapsed: "报名已失效",
  moved: "已转场", wrong_run: "不是本场的票", unknown_ticket: "查不到这张票", not_a_ticket: "不是票", too_early: "还没开始签到",
  run_closed: "签到已结束", run_not_open: "本场未开放", unknown_meeting: "时间已改",
};

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
  }[state];
  if (state === "revoked") return revoked(waiting);
  part("net").hidden = !words;
  part("net-words").textContent = words;
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
  part("camera").hidden = part("toggles").hidden = document.querySelector(".act").hidden = true;
  const left = waiting ? `还有 ${waiting} 条没上传，都留在这台手机里：请老师重新邀请，或在这台手机上登录，就会自动补传。` : "都已上传。要继续签到，请找老师。";
  verdict({ tone: "bad", word: "签到权限已收回", message: `${left}存着的名单已清掉。` });
  const way = document.createElement("p");
  way.className = "scan-way";
  way.append(Object.assign(signInLink("老师在这台手机上登录"), { className: "btn" }));
  part("answer").append(way);
}

const sync = new Sync({
  run: Number(root.dataset.run), meeting: Number(root.dataset.meeting), csrf: root.dataset.csrf, tell: net,
  answered: late,
});

async function take(ticket, source) {
  const answer = await sync.submit(ticket, source);
  if (sync.state === "revoked") return;
  if (answer.offline) guessed.add(answer.nonce);
  show(answer);
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

const camera = new Camera({ video: part("video"), found: (text) => take(text, "camera"), failed: withoutCamera });

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

part("camera").hidden = part("toggles").hidden = false;
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

// The phone keeps this page and its parts, and the day's roster as hashes.
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js");
  const ready = await navigator.serviceWorker.ready;
  ready.active.postMessage({ keep: location.pathname });
}
navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data.kept) document.body.dataset.kept = "yes"; });
keep().catch(() => {});
forgetOldRosters().then(() => sync.fetchRoster()).catch(() => {});
addEventListener("online", () => sync.fetchRoster().catch(() => {}));
sync.flush();
refresh();
setInterval(() => { if (!document.hidden && navigator.onLine && sync.state !== "revoked") refresh(); }, POLL);
