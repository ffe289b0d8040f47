// Sending what waits, in order and harmlessly twice; judging by the phone's roster while there is no network.
import { guess, meant } from "./scan-guess.js";
import * as store from "./scan-store.js";

const PATIENCE = 2500; // then the phone answers by itself: within three seconds on a slow phone too
const BRIEF = 800; // where the one before was not answered either
const LIMIT = 10000;
const BATCH = 50;
const AGAIN = 5000;

export class Sync {
  // tell({state, waiting}): state is "online", "offline", "signin", "closed", "revoked", or "elsewhere": what waits is of
  // other runs, which do not take it
  constructor({ run, meeting, csrf, tell, answered, roster = null }) {
    Object.assign(this, { run, meeting, csrf, tell, answered, roster, state: navigator.onLine ? "online" : "offline", stuck: false, sending: null, timer: null, answers: new Map() });
    addEventListener("online", () => this.flush());
    addEventListener("offline", () => this.say("offline"));
  }

  async say(state = this.state) {
    this.state = state;
    this.tell({ state: state === "online" && this.stuck ? "elsewhere" : state, waiting: (await store.waiting()).length });
  }

  // out: they leave, where the syllabus asks for that.
  async submit(ticket, source, out) {
    return this.record(await meant(ticket, this.run, this.roster), source, out);
  }

  // By name: a row of the roster.
  tick(row, out) {
    return this.record({ row, kept: { signup_id: row.signup_id } }, "name", out);
  }

  // Several by name, written down together and sent together; returns each one's answer, its nonce alone where none came yet.
  async tickAll(rows) {
    const scans = rows.map((row) => ({
      nonce: newNonce(), run: this.run, meeting_id: this.meeting, signup_id: row.signup_id, source: "name",
      scanned_at: new Date().toISOString(),
    }));
    for (const scan of scans) await store.put(scan);
    await this.say();
    const sent = this.flush();
    if (navigator.onLine) await Promise.race([sent, wait(PATIENCE)]);
    return scans.map(({ nonce }) => this.answers.get(nonce) || { nonce });
  }

  // Takes back what was not sent yet; false when it was.
  async withdraw(nonce) {
    while (this.sending) await this.sending;
    const found = (await store.waiting()).filter((one) => one.nonce === nonce);
    await store.sent(found);
    await this.say();
    return found.length > 0;
  }

  // The server's answer, or the phone's own: after three seconds without one, at once where there is no network.
  async record(found, source, out = false) {
    const scan = {
      nonce: newNonce(), run: this.run, meeting_id: this.meeting, ...found.kept, source,
      scanned_at: new Date().toISOString(), ...(out && { out }),
    };
    const kept = store.put(scan);
    const sent = navigator.onLine && !this.sending ? this.straight(scan, kept) : kept.then(() => this.flush(scan.nonce));
    const answer = navigator.onLine && await Promise.race([sent, wait(this.state === "offline" ? BRIEF : PATIENCE)]);
    if (answer) return answer;
    await kept;
    // Whoever does not answer is as good as away, until they do.
    this.say(this.state === "online" ? "offline" : this.state);
    return { nonce: scan.nonce, ...(await guess(scan, found, this.roster, await store.waiting())) };
  }

  // To the server while the phone still writes it down: the answer waits for neither. Sent twice is sent once.
  straight(scan, kept) {
    return new Promise((tell) => {
      // One that comes after the phone has spoken for itself replaces what it said.
      const answers = { set: (nonce, item) => { tell(item); this.answered(item); } };
      this.sending = this.attempt(() => this.send([scan], answers, kept)).then(() => tell()).finally(() => { this.sending = null; });
      // What waited before goes along now that somebody answers.
      this.sending.then(async () => { if (this.state === "online" && (await store.waiting()).length) this.flush(); });
    });
  }

  async attempt(send) {
    clearTimeout(this.timer);
    try {
      await send();
      if (this.state === "offline" && navigator.onLine) this.state = "online";
    } catch (reason) {
      this.state = reason.state || "offline";
    }
    await this.say();
    if (this.state === "offline") this.timer = setTimeout(() => this.flush(), AGAIN);
  }

  // One flush at a time; whoever asks meanwhile waits for a round that began after asking.
  async flush(nonce) {
    while (this.sending) await this.sending;
    // The round just waited for may have taken this one along.
    if (!this.answers.has(nonce)) {
      this.sending = this.round().finally(() => { this.sending = null; });
      await this.sending;
    }
    return this.answers.get(nonce);
  }

  async round() {
    const answers = new Map();
    this.answers = answers;
    this.stuck = false;
    await this.attempt(async () => {
      for (const group of byKind(await store.waiting(), this.run)) await this.sendAll(group, answers);
    });
    // An answer may come after the phone has spoken for itself: the page replaces what it said.
    for (const answer of answers.values()) this.answered(answer);
  }

  // What one run refuses, such as a phone that helped there yesterday, holds up no other run's scans.
  async sendAll(group, answers) {
    try {
      for (let i = 0; i < group.length; i += BATCH) await this.send(group.slice(i, i + BATCH), answers);
    } catch (reason) {
      if (!reason.state) throw reason;
      if (group[0].run === this.run) this.state = reason.state;
      else this.stuck = true;
    }
  }

  // kept: one scan on its way into the phone's memory, which is sent before it is there.
  async send(scans, answers, kept = null) {
    const sent = async () => store.sent(kept ? [await kept] : scans);
    const [{ run: of, out }] = scans;
    const reply = await this.ask(`/api/v1/runs/${of}/${out ? "exits" : "scans"}`, {
      scans: scans.map(({ order, run, out: _, ...scan }) => scan),
      sent_at: new Date().toISOString(),
    });
    if (reply.ok) {
      for (const item of (await reply.json()).items) answers.set(item.nonce, out ? { ...item, out } : item);
      return sent();
    }
    // One that the server cannot read must not hold up the others.
    if (reply.status === 422 && scans.length > 1) {
      for (const scan of scans) await this.send([scan], answers);
      return;
    }
    if (reply.status === 422) {
      answers.set(scans[0].nonce, { nonce: scans[0].nonce, verdict: "refused", word: "没有记上", message: "这一条读不出来，请在名单里点名。" });
      return sent();
    }
    if (await this.gone(reply, scans[0].run)) throw Object.assign(new Error("revoked"), { state: "revoked" });
    throw Object.assign(new Error("refused"), { state: { 401: "signin", 403: "closed", 404: "closed" }[reply.status] });
  }

  async ask(path, body) {
    const post = () => fetch(path, {
      method: "POST", body: JSON.stringify(body), signal: timeout(LIMIT),
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
    });
    const reply = await post();
    // A page from the phone's memory may hold the token of an earlier sign-in.
    if (reply.status !== 400 || !(await this.renew())) return reply;
    return post();
  }

  async renew() {
    const page = await fetch(`/teach/runs/${this.run}/scan`, { headers: { "X-Fresh": "1" }, signal: timeout(LIMIT) });
    // Who must sign in is sent elsewhere: a page that is refused here was taken back.
    if (page.status === 401) {
      await this.forget(this.run);
      throw Object.assign(new Error("revoked"), { state: "revoked" });
    }
    if (page.redirected || !page.ok) throw Object.assign(new Error("signed out"), { state: "signin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").getElementById("scan");
    this.csrf = fresh?.dataset.csrf || this.csrf;
    return Boolean(fresh);
  }

  async counts() {
    const reply = await fetch(`/api/v1/runs/${this.run}/checkins?meeting_id=${this.meeting}`, { signal: timeout(LIMIT) }).catch(async (reason) => {
      // A network that leads nowhere is found out before somebody is scanned.
      if (this.state === "online") await this.say("offline");
      throw reason;
    });
    if (await this.gone(reply)) await this.say("revoked");
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  async fetchRoster() {
    const reply = await fetch(`/api/v1/runs/${this.run}/scan-roster?meeting_id=${this.meeting}`, { signal: timeout(LIMIT) });
    if (await this.gone(reply)) await this.say("revoked");
    if (reply.ok) await this.roster.take((await reply.json()).items);
  }

  // The phone was paired with the run and is not any more: its rosters go, what waits to be sent stays.
  async gone(reply, run = this.run) {
    if (reply.status !== 401 || (await reply.json().catch(() => ({}))).code !== "device_revoked") return false;
    await this.forget(run);
    return true;
  }

  // Away from that run's own page no other run's go: a phone that helped there yesterday may be at work elsewhere today.
  forget(run) {
    return run === this.run && this.meeting ? store.forgetRosters() : store.forgetRun(run);
  }
}

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

function timeout(milliseconds) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), milliseconds);
  return stop.signal;
}

// Each run's arrivals before those who left it: nobody leaves who did not come.
function byKind(scans, first) {
  const groups = new Map([[`${first}`, []], [`${first}out`, []]]);
  for (const out of [false, true]) {
    for (const scan of scans.filter((one) => Boolean(one.out) === out)) {
      const kind = `${scan.run}${out ? "out" : ""}`;
      groups.set(kind, [...(groups.get(kind) || []), scan]);
    }
  }
  return [...groups.values()].filter((group) => group.length);
}

function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
