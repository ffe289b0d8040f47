// The signed code of the address (behind #, so the server never sees it), and in words which check was made: by
// signature, by network, or both. On a certificate's own page the server has answered already; this adds a line.
import { able, isOld, judge } from "./verify-check.js";
import { keepPage, load } from "./verify-keep.js";

const root = document.getElementById("signed");
const part = (name) => root.querySelector(`[data-${name}]`);
const alone = "alone" in root.dataset;
const ask = root.dataset.help ? `或致电 ${root.dataset.help}` : "或致电市红十字会";

const SAYS = {
  valid: ["ok", "签名有效", "证书由江阴市红十字会发出，名单上没有吊销。"],
  unlisted: ["warn", "签名有效", "证书是江阴市红十字会发出的，有没有吊销要联网才知道。"],
  expired: ["warn", "已过期", "签名有效；按这台手机上的日期，有效期已过。"],
  revoked: ["bad", "已吊销", "签名是真的，但这张证书已经吊销，不再有效。"],
  corrected: ["warn", "已更正", "这张证书的内容已更正，请持证人出示新的证书。"],
  test: ["warn", "测试证书", "测试用的证书，无效力，不能作为凭证。"],
  invalid: ["bad", "无效", `签名对不上：码被改动过、没扫全，或不是江阴市红十字会发出的。请再扫一次；还是这样的，请按编号和姓名联网查验，${ask}。`],
  unknown_key: ["warn", "不能离线核对", "这台手机存的公钥里没有签这张证书的那一把。请联网打开这一页再核对。"],
  leaked_key: ["warn", "不能离线核对", "签这张证书的钥匙已停止使用，签名不能作准。请联网查验。"],
  no_keys: ["warn", "还不能离线核对", "这台手机没有存公钥：要先联网打开一次这一页。"],
  unable: ["warn", "不能离线核对", "这个浏览器不能离线核对，请联网查验。"],
  unsigned: ["warn", "现在没有网络", "这个二维码要联网查验。没有网络时，请持证人在“我的证书”里出示“离线核验码”。"],
  ready: ["ok", "已备好", "这台手机没有网络也能核对了。"],
};
const TONES = { valid: "ok", expired: "warn", revoked: "bad", corrected: "warn" };
const ICONS = { ok: "check", warn: "warn", bad: "stop" };
// Nothing else that is known of the code outweighs these: its content is not ours.
const UNSIGNED = ["invalid", "unknown_key", "leaked_key", "no_keys", "unable"];

const two = (number) => String(number).padStart(2, "0");
function moment(at) {
  const there = new Date(at + 8 * 3600_000); // Jiangyin's time, whatever the phone's
  return `${there.getUTCMonth() + 1}月${there.getUTCDate()}日 ${two(there.getUTCHours())}:${two(there.getUTCMinutes())}`;
}
function age(list, now) {
  const minutes = Math.round((now - list.made) / 60_000);
  return minutes < 2 ? "刚刚" : minutes < 120 ? `${minutes} 分钟前` : minutes < 48 * 60 ? `${Math.round(minutes / 60)} 小时前` : `${Math.round(minutes / 1440)} 天前`;
}
const day = (number) => (number ? `${Math.floor(number / 10000)}年${Math.floor(number / 100) % 100}月${number % 100}日` : "长期");

function show(box, tone, word, text) {
  const icon = document.getElementById(`icon-${ICONS[tone]}`).content.cloneNode(true);
  const [inner, large, small] = ["div", "b", "p"].map((name) => document.createElement(name));
  [large.textContent, small.textContent] = [word, text];
  inner.append(large, small);
  box.replaceChildren(icon, inner);
  box.className = `${box.dataset.kind} ${tone}`;
  box.hidden = false;
}

function facts(pairs) {
  part("facts").replaceChildren(...pairs.map(([word, value]) => {
    const [row, name, what] = ["div", "dt", "dd"].map((each) => document.createElement(each));
    [name.textContent, what.textContent] = [word, value];
    row.append(name, what);
    return row;
  }));
  part("card").hidden = !pairs.length;
}

// How far the revocations are known, which is all that differs from a check by network.
function byList(list, now) {
  if (!list) return "吊销状态不明：这台手机还没有吊销名单。请联网打开这一页。";
  const at = `${moment(list.made)} 的名单（${age(list, now)}）`;
  if (now < list.made && isOld(list, now)) return `吊销状态按 ${at.replace(/（.*/, "")}；这台手机的时间不准，请联网查验。`;
  return isOld(list, now) ? `吊销状态按 ${at}，已超过 24 小时，之后有没有吊销看不出来。请联网打开这一页。` : `吊销状态按 ${at}。`;
}

async function online(token) {
  try {
    const reply = await fetch(`/api/v1/verify/${token}`, { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (reply.status === 404) return { tone: "bad", word: "查无此证", text: "系统里没有这个二维码对应的证书。" };
    const said = await reply.json();
    const [tone, word] = said.test ? ["warn", "测试证书"] : [TONES[said.state], said.state_words];
    return tone && { tone, word, text: said.test ? SAYS.test[2] : "" };
  } catch {
    return null;
  }
}

async function check() {
  const token = /^\/v\/([a-z2-7]{26})$/.exec(location.pathname)?.[1] || "";
  const text = /[#&]s=([^&]*)/.exec(location.hash)?.[1] || "";
  const now = Date.now();
  const can = await able();
  const { keys, kinds, list, fresh } = can ? await load() : { keys: [], fresh: {} };
  const found = !can ? { state: "unable" } : !text ? { state: token ? "unsigned" : "ready" }
    : keys.length ? await judge({ text, token, keys, list, now }) : { state: "no_keys" };
  if (found.state === "unknown_key" && fresh.keys) found.state = "invalid";
  if (found.state === "ready" && !keys.length) found.state = "no_keys";
  if (alone) await tell(found, { token, kinds, list, now, networked: fresh.list || !can });
  else if (text) add(found, list, now);
  root.dataset.state = found.state;
}

async function tell({ state, claims, kid }, { token, kinds, list, now, networked }) {
  let [tone, word, text] = SAYS[state];
  const signed = claims && !UNSIGNED.includes(state);
  const asked = token && networked ? await online(token) : null;
  if (asked && !(state === "invalid" || state === "unknown_key")) [tone, word, text] = [asked.tone, asked.word, asked.text || `已联网核对。${signed ? "签名也对得上。" : ""}`];
  show(part("verdict"), tone, word, text);
  facts(signed ? [["类别", kinds[claims.kind] || claims.kind], ["编号", claims.number], ["持证人", claims.name], ["发证日期", day(claims.issued)], ["有效期至", day(claims.until)]] : []);
  const lines = [asked && `已联网核对：${asked.word}`, signed && `签名有效（离线核对）；${byList(list, now)}`, state === "ready" && byList(list, now), signed && `签名钥匙 ${kid}`];
  part("lines").replaceChildren(...lines.filter(Boolean).map((each) => Object.assign(document.createElement("p"), { textContent: each })));
  part("how").hidden = state !== "ready" && state !== "no_keys";
  part("again").hidden = Boolean(asked) || state === "ready";
}

// Below what the server said.
function add({ state }, list, now) {
  const [tone, word, text] = SAYS[state];
  const signed = !UNSIGNED.includes(state);
  const said = state === "invalid" ? "签名对不上：这个码被改动过，或没有扫全。请以上面联网查到的为准，并逐项对照证书。" : text;
  const sound = state === "valid" || state === "unlisted";
  const title = sound ? "签名有效（离线核对）" : signed ? `签名有效（离线核对），但是${word}` : `离线核验码：${word}`;
  show(part("said"), sound ? "ok" : tone, title, signed ? byList(list, now) : said);
}

addEventListener("hashchange", check);
root.querySelector("[data-reload]")?.addEventListener("click", () => location.reload());
await check();
try {
  await keepPage();
  document.body.dataset.kept = "";
} catch { /* no worker in this browser: the page needs network, and its words have said what was checked */ }
