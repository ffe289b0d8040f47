// The run's roster while the page is open: in memory, and on the phone under the PIN where one was set.
import * as store from "./scan-store.js";
import { TRIES, canSeal, newVault, openVault, seal, unseal } from "./scan-vault.js";

export class PhoneRoster {
  // until: from when on the phone keeps nothing, milliseconds; changed(): something to show anew
  constructor({ run, meeting, until, changed }) {
    Object.assign(this, { run, meeting, until, changed, rows: null, at: 0, vault: null, key: null });
  }

  // "off": cannot be sealed here; "past": nothing is kept any more; "none": no PIN yet; "locked"; "open"
  get state() {
    if (!canSeal) return "off";
    if (Date.now() >= this.until) return "past";
    if (!this.vault) return "none";
    return this.key ? "open" : "locked";
  }

  async begin() {
    store.onForgotten(() => this.drop(true));
    await store.forgetPast();
    this.vault = (await store.vaultOf(this.run)) || null;
    this.changed();
  }

  // A page that stays open over night keeps nothing either.
  async expire() {
    if (this.state !== "past" || !this.vault) return;
    await store.forgetPast();
    this.drop(true);
  }

  drop(rows) {
    this.vault = this.key = null;
    if (rows) this.rows = null;
    this.changed();
  }

  // Fresh rows from the server.
  async take(rows) {
    [this.rows, this.at] = [rows, Date.now()];
    await this.keep();
    this.changed();
  }

  async keep() {
    if (!this.key || !this.rows) return false;
    const { run, meeting, until, at, rows, key } = this;
    const sealed = await seal(key, rows, run, meeting);
    // The names may have been let go of meanwhile.
    return this.key === key && store.keepSealed({ meeting, run, until, at, count: rows.length, ...sealed });
  }

  // False when there is nothing to keep, or nowhere.
  async setPin(pin) {
    if (!this.rows) return false;
    const { record, key } = await newVault(pin, this.run, this.until);
    if (!(await store.keepVault(record))) return false;
    [this.vault, this.key] = [record, key];
    const kept = await this.keep();
    this.changed();
    return kept;
  }

  // {open}, {left: tries} or {wiped}. A try counts before it is made, and for all tabs: closing the page gives none back.
  async unlock(pin) {
    this.vault = (await store.vaultOf(this.run)) || this.vault;
    this.vault.wrong += 1;
    await store.keepVault(this.vault);
    const key = await openVault(this.vault, pin);
    if (!key) {
      if (this.vault.wrong < TRIES) return { left: TRIES - this.vault.wrong };
      await this.forget();
      return { wiped: true };
    }
    this.vault.wrong = 0;
    await store.keepVault(this.vault);
    this.key = key;
    if (this.rows) await this.keep();
    else await this.load();
    this.changed();
    return { open: true };
  }

  async load() {
    const sealed = await store.sealedRoster(this.meeting);
    if (sealed) [this.rows, this.at] = [await unseal(this.key, sealed), sealed.at];
  }

  async forget() {
    await store.forgetRun(this.run);
    this.drop(false);
  }

  // What lies on the phone opens, and holds as many people as it says.
  async holds() {
    const sealed = this.key && await store.sealedRoster(this.meeting);
    if (!sealed) return null;
    const rows = await unseal(this.key, sealed).catch(() => null);
    return rows && rows.length === sealed.count ? sealed : null;
  }

  // Who was checked in since, from the count that is asked anyway; true when somebody is not in the rows.
  saw(items) {
    if (!this.rows) return false;
    const known = new Map(this.rows.map((row) => [row.signup_id, row]));
    let news = false;
    for (const { signup_id, first_at, by } of items) {
      const row = known.get(signup_id);
      if (!row || row.first_at === first_at) continue;
      Object.assign(row, { first_at, by });
      news = true;
    }
    // What lies on the phone must know it too: it is what is read after a reload without network.
    if (news) this.keep().catch(() => {});
    this.changed();
    return items.length !== known.size || items.some(({ signup_id }) => !known.has(signup_id));
  }

  // The one whose ticket or code has this key, 64 hex digits.
  rowOf(key) {
    return this.rows?.find((row) => row.keys.includes(key.slice(0, 32))) || null;
  }

  // By what the masked name still shows, a whole name that would be masked so, or the last digits of the phone.
  find(words) {
    const parts = words.normalize("NFKC").trim().toUpperCase().split(/\s+/).filter(Boolean);
    const digits = parts.filter((part) => /^\d+$/.test(part)).map((part) => part.slice(-4));
    const name = parts.filter((part) => !/^\d+$/.test(part)).join("").replace(/\*+$/, "");
    if (!name && !digits.length) return [];
    return (this.rows || []).filter((row) => digits.every((end) => row.phone_end.endsWith(end)) && mayBe(row.name_masked, name));
  }
}

function mayBe(masked, name) {
  const seen = masked.replace(/\*+$/, "").toUpperCase();
  if (name.length <= seen.length) return seen.startsWith(name);
  // Three stars stand for any number of characters, fewer for as many.
  const stars = masked.length - seen.length;
  return name.startsWith(seen) && (stars === 3 || name.length === masked.length);
}
