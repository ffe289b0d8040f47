// 今天可以断网: each thing the page needs without network is really tried, not asked for.
import { Camera } from "./scan-camera.js";
import { clock } from "./scan-guess.js";
import { trial } from "./scan-store.js";
import { canSeal } from "./scan-vault.js";

const SLOW = 8000;
const ASKED = 60000; // somebody reads the question and answers it
const CLOCK_OFF = 120; // seconds; scans are put right when they are sent, times on the page are not
const FRESH = 12 * 3600000;
// A code of 21 by 21 that says CHENGJIU, a row a number: what the decoder must be able to read.
const [SAYS, CODE] = ["CHENGJIU", [
  2081919, 1067073, 1529693, 1529181, 1530717, 1072449, 2086271, 7936, 1556860, 932142, 940703, 854069, 1461916, 6113, 2081120,
  1071072, 1530154, 1530144, 1529476, 1068089, 2087612,
]];
const apple = () => /iPhone|iPad|Macintosh/.test(navigator.userAgent);
const other = () => (apple() ? "请用 Safari 打开" : "请用手机自带的浏览器打开");

const good = (words) => ({ good: true, words });
const bad = (words) => ({ good: false, words });
const within = (work, limit = SLOW) => Promise.race([work, new Promise((_, reject) => { setTimeout(reject, limit, new Error("slow")); })]);

// The browser can hold a page and secrets at all. WeChat's own throws both away when it likes.
export function unable() {
  if (/MicroMessenger/i.test(navigator.userAgent)) return `微信里打开的页面断网后留不住。${other()}：点右上角“…”，再点“在浏览器打开”。`;
  if (!isSecureContext) return "这个网址不是 https，断网后打不开。请联系市红十字会换成 https 的网址。";
  if (!("serviceWorker" in navigator) || !canSeal || !globalThis.indexedDB) return `这个浏览器断网后留不住页面。${other()}，不要用无痕窗口。`;
  return "";
}

export class Check {
  // camera, roster: the page's own
  constructor({ box, roster, camera }) {
    Object.assign(this, { box, roster, camera });
    this.button = box.querySelector("[data-check]");
    this.button.addEventListener("click", () => this.run());
  }

  get lines() {
    return [
      ["浏览器", () => (unable() ? bad(unable()) : good("能在断网时打开这一页。"))],
      ["存储", () => this.storage()], ["这一页", () => this.page()], ["扫码程序", () => this.decoder()],
      ["摄像头", () => this.sight(), ASKED], ["名单", () => this.names()], ["名单的 PIN", () => this.pin()], ["手机时间", () => this.time()],
    ];
  }

  // What was found no longer holds once something was done about it.
  clear() {
    const [list, total, bar] = ["checks", "check-total", "check-bar"].map((name) => this.box.querySelector(`[data-${name}]`));
    list.replaceChildren();
    total.hidden = bar.hidden = true;
    return [list, total, bar];
  }

  async run() {
    const [list, total, bar] = this.clear();
    this.button.disabled = true;
    const all = this.lines;
    Object.assign(bar, { hidden: false, max: all.length, value: 0 });
    let failed = 0;
    for (const [name, work, limit] of all) {
      const line = this.line(list, name);
      const found = await within(Promise.resolve().then(work), limit).catch(() => bad("没有试成。请刷新页面再试；还是不行，请换一台手机。"));
      this.mark(line, found);
      failed += !found.good;
      bar.value += 1;
    }
    bar.hidden = true;
    this.button.disabled = false;
    this.button.textContent = "再检查一次";
    this.sum(total, failed);
  }

  line(list, name) {
    const [item, mark, words, title, text] = ["li", "span", "span", "b", "span"].map((tag) => document.createElement(tag));
    mark.className = "scan-mark";
    mark.textContent = "…";
    title.textContent = name;
    text.textContent = "正在试…";
    words.append(title, text);
    item.append(mark, words);
    list.append(item);
    return { item, mark, text };
  }

  mark({ item, mark, text }, { good: fine, words }) {
    item.dataset.good = fine ? "yes" : "no";
    mark.textContent = fine ? "✓" : "✗";
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", fine ? "可以" : "不行");
    text.textContent = words;
  }

  sum(total, failed) {
    const words = document.createElement("div");
    const [large, small] = [document.createElement("b"), document.createElement("p")];
    large.textContent = failed ? "现在还不能断网" : "今天可以断网";
    small.textContent = failed ? `有 ${failed} 项要先办，办好再检查一次。没办好也可以上课：备一份纸质签到表。` : "到了没有网络的教室，打开这一页，输入 PIN 就能用。";
    words.append(large, small);
    total.className = `verdict ${failed ? "bad" : "ok"}`;
    total.replaceChildren(document.getElementById(`icon-${failed ? "bad" : "ok"}`).content.cloneNode(true), words);
    total.hidden = false;
    total.scrollIntoView({ block: "center" });
  }

  async storage() {
    if (!(await trial())) return bad(`写进去读不出来。请关掉无痕窗口，清理手机空间，或${other()}。`);
    const [lasting, { quota = 0, usage = 0 }] = [await navigator.storage?.persist?.(), (await navigator.storage?.estimate?.()) || {}];
    const left = Math.floor((quota - usage) / 1048576);
    if (quota && left < 20) return bad("手机快满了。请清理出 20 MB 以上的空间。");
    return good(lasting ? "能写能读，浏览器不会自己清掉。" : "能写能读。今天不要清理浏览器数据。");
  }

  async page() {
    if (!("serviceWorker" in navigator)) return bad(`存不下这一页。${other()}。`);
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    const answer = new Promise((resolve) => { channel.port1.onmessage = ({ data }) => resolve(data); });
    active.postMessage({ check: location.pathname }, [channel.port2]);
    const { page, lacking } = await answer;
    return page && !lacking ? good("这一页和要用的程序都存在手机里了。") : bad("这一页还没有存好。请联网刷新这一页，等几秒再检查。");
  }

  async decoder() {
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") return bad(`这个浏览器太旧，不能扫码。${other()}；不换也可以输入六位码。`);
    const [worker, canvas] = [new Worker("/scan-worker.js"), document.createElement("canvas")];
    try {
      const image = picture(canvas);
      const text = await within(new Promise((resolve, reject) => {
        worker.onerror = reject;
        worker.onmessage = ({ data }) => {
          if (data.ready) worker.postMessage({ id: 1, image });
          else resolve(data.text);
        };
      }));
      return text === SAYS ? good("试扫了一张二维码，读出来了。") : bad("试扫二维码没有读出来。请联网刷新这一页；还是不行，请输入六位码。");
    } finally { worker.terminate(); }
  }

  async sight() {
    if (Camera.missing()) return bad(Camera.missing());
    if (this.camera.stream) return good("摄像头开着，有画面。");
    try {
      return await glimpse() ? good("打开过摄像头，有画面。") : bad("摄像头没有画面。请关掉别的在用摄像头的程序再试，或输入六位码。");
    } catch (reason) {
      if (reason.name !== "NotAllowedError") return bad("没有找到能用的摄像头。可以输入六位码，或换一台手机。");
      return bad(apple() ? "没有允许用摄像头。请到“设置 → Safari → 相机”选“允许”，再检查一次。" : "没有允许用摄像头。请点网址左边的图标，把“摄像头”改成“允许”，再检查一次。");
    }
  }

  names() {
    const { rows, at, state } = this.roster;
    if (!rows) return bad(state === "locked" ? "名单锁着。请输入 PIN 再检查。" : "还没有名单。请联网刷新这一页。");
    if (Date.now() - at > FRESH) return bad(`名单是 ${clock(at)} 以前的，太旧了。请联网刷新这一页。`);
    return good(`${rows.length} 人，${clock(at)} 更新。`);
  }

  async pin() {
    const { state } = this.roster;
    if (state === "off") return bad(`不能加密，名单存不下。${other()}。`);
    if (state === "past") return bad("这一场已经结束，手机不再存名单。");
    if (state === "none") return bad("还没有设 PIN，断网后重新打开就没有名单了。请先做第 1 步。");
    if (state === "locked") return bad("PIN 设过，还没有输。请输入一次，确认还记得。");
    return (await this.roster.holds()) ? good("存着的名单用 PIN 打得开。") : bad("存着的名单打不开。请点“忘记 PIN”重新设一个。");
  }

  async time() {
    const began = Date.now();
    const reply = await fetch(location.pathname, { method: "HEAD", cache: "no-store", headers: { "X-Fresh": "1" } }).catch(() => null);
    if (!reply?.headers.get("Date")) return bad("现在没有网络，查不了。请联网后再检查。");
    const off = Math.round(((began + Date.now()) / 2 - new Date(reply.headers.get("Date"))) / 1000);
    if (Math.abs(off) <= CLOCK_OFF) return good("和服务器一致。");
    return bad(`比服务器${off > 0 ? "快" : "慢"} ${Math.round(Math.abs(off) / 60)} 分钟。请到手机设置打开“自动设置时间”。`);
  }
}

function picture(canvas) {
  const [scale, quiet, side] = [8, 4, CODE.length];
  canvas.width = canvas.height = (side + 2 * quiet) * scale;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  CODE.forEach((row, y) => {
    for (let x = 0; x < side; x += 1) {
      if ((row >> (side - 1 - x)) & 1) pen.fillRect((x + quiet) * scale, (y + quiet) * scale, scale, scale);
    }
  });
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

// Opens the camera for one frame.
async function glimpse() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" } } });
  const video = document.createElement("video");
  try {
    Object.assign(video, { muted: true, playsInline: true, srcObject: stream });
    await video.play();
    const bitmap = await createImageBitmap(video);
    bitmap.close();
    return bitmap.width >= 0 && video.videoWidth > 0;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}
