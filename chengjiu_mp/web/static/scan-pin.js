// The PIN: set while online, opens the roster after a reload without network, and is begun anew when forgotten.
import { clock } from "./scan-guess.js";
import { weakness } from "./scan-vault.js";

export class Pin {
  // lock: the card that asks; box: the part of 准备断网; fetchRoster(): fresh rows; done(): another PIN, or none
  constructor({ lock, box, roster, fetchRoster, done }) {
    Object.assign(this, { lock, box, roster, fetchRoster, done, wanted: false });
    this.on(lock, "unlock", "submit", (event) => this.unlock(event));
    this.on(box, "set", "submit", (event) => this.set(event));
    this.on(box, "ask", "click", () => { this.wanted = true; this.show(); this.part(lock, "unlock").pin.focus(); });
    for (const place of [lock, box]) {
      this.on(place, "forgot", "click", () => this.forgot(place));
      this.on(place, "anew", "click", () => this.anew());
    }
    addEventListener("online", () => this.show());
    addEventListener("offline", () => this.show());
  }

  part(place, name) { return place.querySelector(`[data-${name}]`); }

  on(place, name, type, act) { this.part(place, name)?.addEventListener(type, act); }

  show() {
    const { state, rows, at } = this.roster;
    this.lock.hidden = !(state === "locked" && (!rows || this.wanted));
    this.part(this.box, "set").hidden = state !== "none";
    this.part(this.box, "ask").hidden = state !== "locked" || !this.lock.hidden;
    this.part(this.box, "forgot").hidden = state !== "open" && state !== "locked";
    this.part(this.box, "pin-words").textContent = {
      off: "这个网址不是 https，或浏览器太旧，手机不能存名单。联网时照常可用；没有网络时只能扫码、输入六位码和用纸质签到表。",
      past: "这一场已经结束，手机不再存名单。",
      none: "设一个 6 位数字 PIN，名单就加密存在这台手机里。没有网络时重新打开这一页，输入 PIN 就能按姓名签到。",
      locked: "已设 PIN，名单锁着。输入 PIN，手机里的名单才会更新。",
      open: rows ? `已设 PIN，手机里存了 ${rows.length} 人的名单（${clock(at)}）。下课第二天自动清除，退出登录也会清除。` : "已设 PIN，还没有名单。请联网后再打开这一页。",
    }[state];
  }

  say(place, words) {
    this.part(place, "told").textContent = words;
  }

  // The stretching takes a phone a second: the button says so.
  async busy(button, work) {
    const before = button.textContent;
    [button.disabled, button.textContent] = [true, "请稍候…"];
    try { return await work(); } finally { [button.disabled, button.textContent] = [false, before]; }
  }

  async set(event) {
    event.preventDefault();
    const form = event.target;
    const [pin, again] = [form.pin.value, form.again.value];
    const wrong = weakness(pin) || (pin === again ? "" : "两次输的不一样，请再输一次。");
    if (wrong) return this.say(this.box, wrong);
    const kept = await this.busy(event.submitter || form.querySelector("button"), async () => {
      if (navigator.onLine) await this.fetchRoster().catch(() => {});
      return this.roster.setPin(pin);
    });
    form.reset();
    this.done();
    if (kept) this.note("");
    this.say(this.box, kept ? "PIN 设好了，名单已存。请记住这个 PIN，别人和市红十字会都找不回来。" : "名单没有存上。请检查网络后再设一次，或换手机自带的浏览器。");
  }

  async unlock(event) {
    event.preventDefault();
    const form = event.target;
    if (!/^\d{6}$/.test(form.pin.value)) return this.say(this.lock, "PIN 是 6 位数字。");
    const found = await this.busy(form.querySelector("button"), () => this.roster.unlock(form.pin.value));
    form.reset();
    if (found.left) {
      this.say(this.lock, `PIN 不对，还可以试 ${found.left} 次；都不对，手机里的名单会清除，没有上传的签到不会丢。`);
      return form.pin.focus();
    }
    this.wanted = false;
    this.say(this.lock, "");
    this.done();
    if (found.wiped) this.wiped();
    this.show();
  }

  wiped() {
    const words = "PIN 输错 10 次，手机里的名单已清除。没有上传的签到还在。";
    this.note(`${words}${navigator.onLine ? "现在有网络：请在“准备断网”里重新设一个 PIN。" : "扫码和六位码照样能记下，按姓名请用纸质签到表；联网后再重新设 PIN。"}`);
  }

  note(words) {
    const box = document.querySelector("[data-wiped]");
    box.hidden = !words;
    box.querySelector("span").textContent = words;
  }

  forgot(place) {
    if (!navigator.onLine) return this.say(place, "现在没有网络，不能重设 PIN。扫码和六位码照样能记下；按姓名请用纸质签到表，联网后再重设。");
    this.part(place, "anew").hidden = false;
    this.say(place, "重设会清除手机里存的名单，再用新 PIN 存一份。没有上传的签到不会丢。");
  }

  async anew() {
    await this.roster.forget();
    this.done();
    this.wanted = false;
    for (const place of [this.lock, this.box]) {
      this.part(place, "anew").hidden = true;
      this.say(place, "");
    }
    this.say(this.box, "旧名单已清除，请设新的 PIN。");
    this.box.closest("details").open = true;
    this.part(this.box, "set").pin.focus();
    this.fetchRoster().catch(() => {});
  }
}
