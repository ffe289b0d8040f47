// A unit's people on the phone's own roster, ticked together and sent once: without network, and on a helper's phone,
// for which the page with the names in full is not.
import { waiting } from "./scan-store.js";

const item = (tag, className, ...inside) => {
  const made = Object.assign(document.createElement(tag), { className });
  made.append(...inside);
  return made;
};

export class Unit {
  // tick(rows): checks all of them in
  constructor({ box, roster, meeting, tick }) {
    Object.assign(this, { box, roster, meeting, tick });
    [this.list, this.words, this.button] = ["ul", "[data-unit-words]", "button"].map((one) => box.querySelector(one));
    this.list.addEventListener("change", () => this.count());
    this.button.addEventListener("click", () => this.send());
  }

  // False when the phone holds nobody of this unit, or no roster.
  async show(unit) {
    const ours = (this.roster.rows || []).filter((row) => row.unit_id === unit);
    if (!ours.length) return false;
    const queued = new Set((await waiting()).filter((one) => one.meeting_id === this.meeting && !one.out).map((one) => one.signup_id));
    this.left = ours.filter((row) => !row.first_at && !queued.has(row.signup_id));
    this.list.replaceChildren(...this.left.map((row) => this.line(row)));
    this.told = `这个单位 ${ours.length} 人，已到或已记下 ${ours.length - this.left.length} 人。`;
    this.button.hidden = !this.left.length;
    this.count();
    this.box.hidden = false;
    this.box.scrollIntoView({ block: "start" });
    return true;
  }

  line(row) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, value: row.signup_id });
    const end = item("span", "small muted", row.phone_end ? `　手机尾号 ${row.phone_end}` : "");
    return item("li", "", item("label", "tick", box, item("span", "", row.name_masked, end)));
  }

  chosen() {
    const ticked = new Set([...this.list.querySelectorAll("input:checked")].map((box) => Number(box.value)));
    return this.left.filter((row) => ticked.has(row.signup_id));
  }

  count() {
    const number = this.chosen().length;
    this.words.textContent = this.left.length ? `${this.told}已全部勾上，请取消没来的人。` : this.told;
    this.button.textContent = `给勾选的 ${number} 人签到`;
    this.button.disabled = !number;
  }

  async send() {
    const rows = this.chosen();
    this.button.disabled = true;
    await this.tick(rows);
    this.close();
  }

  // Once it is done, and when the phone has to let go of the names.
  close() {
    this.left = [];
    this.list.replaceChildren();
    this.box.hidden = true;
  }
}
