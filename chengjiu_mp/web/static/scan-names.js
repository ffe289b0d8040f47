// Finding people by name on the phone's own roster, with or without network, and ticking them.
import { clock } from "./scan-guess.js";
import { waiting } from "./scan-store.js";

const MOST = 20;

export class Names {
  // tick(row): checks somebody in, or out; withdraw(nonce): takes it back, while it was not sent
  constructor({ box, roster, meeting, tick, withdraw }) {
    Object.assign(this, { box, roster, meeting, tick, withdraw, turn: 0, out: false, all: false });
    this.field = box.querySelector("input");
    this.list = box.querySelector("[data-found]");
    this.words = box.querySelector("[data-find-words]");
    this.missing = box.querySelector("[data-missing]");
    this.missing?.addEventListener("click", () => { this.all = !this.all; this.show(); });
    this.field.addEventListener("input", () => this.show());
    this.field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }

  async show() {
    const [{ roster, field }, turn] = [this, ++this.turn];
    const asked = field.value.trim();
    const mine = (await waiting()).filter((one) => one.meeting_id === this.meeting && Boolean(one.out) === this.out);
    if (turn !== this.turn) return;
    const queued = new Map(mine.map((one) => [this.who(one), one]));
    const missing = (roster.rows || []).filter((row) => !row.first_at && !queued.has(row.signup_id));
    const listed = this.all && !asked && !this.out;
    const found = listed ? missing : roster.rows && asked ? roster.find(asked) : [];
    this.draw((listed ? found : found.slice(0, MOST)).map((row) => [row, queued.get(row.signup_id)]));
    this.words.textContent = this.told(asked, found.length);
    this.offer(missing.length, listed, Boolean(asked));
  }

  // What already stands there is left alone, under a finger that is about to tap.
  draw(rows) {
    const drawn = JSON.stringify([this.out, rows.map(([row, one]) => [row.signup_id, row.first_at, one?.nonce])]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.list.replaceChildren(...rows.map(([row, one]) => this.line(row, one)));
  }

  // A code that was typed while the roster was locked waits under its key.
  who({ signup_id: id, ticket_key: key }) {
    return id || (key && this.roster.rowOf(key)?.signup_id);
  }

  // Who is not here yet, from what the phone knows: also without network. A page kept from before has no such button.
  offer(count, listed, asked) {
    if (!this.missing) return;
    this.missing.hidden = !this.roster.rows || this.out || asked;
    this.missing.textContent = listed ? `收起还没到的 ${count} 人` : `看还没到的 ${count} 人`;
    this.missing.setAttribute("aria-expanded", String(listed));
  }

  told(asked, count) {
    if (!this.roster.rows) return this.roster.state === "locked" ? "名单已锁，输入 PIN 后才能按姓名找。" : "手机里没有名单。请扫码、输入六位码，或用纸质签到表。";
    if (!asked) return "手机里只有姓和手机后四位。同姓的请对方报手机后四位，核对后再点。";
    if (!count) return "没有找到。请只输姓，或核对手机后四位；不在名单里的人，联网后请点名单页的“现场加人”。";
    return count > MOST ? `找到 ${count} 人，先列 ${MOST} 人。请再加上手机后四位。` : `找到 ${count} 人。`;
  }

  line(row, queued) {
    const [item, who, name] = ["li", "div", "b"].map((tag) => document.createElement(tag));
    who.className = "who";
    name.textContent = row.name_masked;
    who.append(name, row.phone_end ? `　手机尾号 ${row.phone_end}` : "");
    item.append(who, ...this.acts(row, queued));
    return item;
  }

  acts(row, queued) {
    if (this.out) return queued ? this.done({ ...row, first_at: null }, queued) : [this.button("签退", row, () => this.tick(row))];
    return row.first_at || queued ? this.done(row, queued) : [this.button("签到", row, () => this.tick(row))];
  }

  done(row, queued) {
    const pill = document.createElement("span");
    pill.className = `pill ${row.first_at ? "ok" : "warn"}`;
    pill.textContent = row.first_at ? `${clock(row.first_at)} 已到` : `${clock(queued.scanned_at)} 待上传`;
    return row.first_at ? [pill] : [pill, this.button("撤回", row, () => this.withdraw(queued.nonce))];
  }

  button(words, row, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = words;
    button.setAttribute("aria-label", `${words}：${row.name_masked}${row.phone_end ? `（手机尾号 ${row.phone_end}）` : ""}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      await act();
      this.drawn = "";
      this.show();
    });
    return button;
  }
}
