// Sending what waits, in order and harmlessly twice; judging by the kept roster while there is no network.
import * as store from "./scan-store.js";

const PATIENCE = 3000; // then the phone answers by itself
const LIMIT = 10000;
const BATCH = 50;
const AGAIN = 5000;

export class Sync {
  // tell({state, waiting}): state is "online", "offline", "signin", "closed" or "revoked"
  constructor({ run, meeting, csrf, tell, answered }) {
    Object.assign(this, { run, meeting, csrf, tell, answered, state: "online", sending: null, timer: null, answers: new Map() });
    addEventListener("online", () => this.flush());
    addEventListener("offline", () => this.say("offline"));
  }

  async say(state = this.state) {
    this.state = state;
    this.tell({ state, waiting: (await store.waiting()).length });
  }

  // The server's answer, or the phone's own after three seconds without one.
  async submit(ticket, source) {
    const scan = {
      nonce: newNonce(), run: this.run, meeting_id: this.meeting, ticket: ticket.slice(0, 500), source,
      scanned_at: new Date().toISOString(),
    };
    await store.put(scan);
    this.say();
    const answer = await Promise.race([this.flush(scan.nonce), wait(navigator.onLine ? PATIENCE : 300)]);
    return answer || { nonce: scan.nonce, ...(await this.guess(scan)) };
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
    clearTimeout(this.timer);
    const answers = new Map();
    this.answers = answers;
    try {
      for (const group of byRun(await store.waiting())) {
        for (let i = 0; i < group.length; i += BATCH) await this.send(group.slice(i, i + BATCH), answers);
      }
      if (this.state === "offline") this.state = "online";
    } catch (reason) {
      this.state = reason.state || "offline";
    }
    await this.say();
    // An answer may come after the phone has spoken for itself: the page replaces what it said.
    for (const answer of answers.values()) this.answered(answer);
    if (this.state === "offline") this.timer = setTimeout(() => this.flush(), AGAIN);
  }

  async send(scans, answers) {
    const reply = await this.ask(`/api/v1/runs/${scans[0].run}/scans`, {
      scans: scans.map(({ nonce, ticket, meeting_id, scanned_at, source }) => ({ nonce, ticket, meeting_id, scanned_at, source })),
      sent_at: new Date().toISOString(),
    });
    if (reply.ok) {
      for (const item of (await reply.json()).items) answers.set(item.nonce, item);
      return store.sent(scans);
    }
    // One that the server cannot read must not hold up the others.
    if (reply.status === 422 && scans.length > 1) {
      for (const scan of scans) await this.send([scan], answers);
      return;
    }
    if (reply.status === 422) {
      answers.set(scans[0].nonce, { nonce: scans[0].nonce, verdict: "refused", word: "没有记上", message: "这一条读不出来，请在名单里点名。" });
      return store.sent(scans);
    }
    if (await gone(reply)) throw Object.assign(new Error("revoked"), { state: "revoked" });
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
      await store.forgetRosters();
      throw Object.assign(new Error("revoked"), { state: "revoked" });
    }
    if (page.redirected || !page.ok) throw Object.assign(new Error("signed out"), { state: "signin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").getElementById("scan");
    this.csrf = fresh?.dataset.csrf || this.csrf;
    return Boolean(fresh);
  }

  async counts() {
    const reply = await fetch(`/api/v1/runs/${this.run}/checkins?meeting_id=${this.meeting}`, { signal: timeout(LIMIT) });
    if (await gone(reply)) await this.say("revoked");
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  async fetchRoster() {
    const reply = await fetch(`/api/v1/runs/${this.run}/scan-roster?meeting_id=${this.meeting}`, { signal: timeout(LIMIT) });
    if (await gone(reply)) await this.say("revoked");
    if (reply.ok) await store.keepRoster(this.meeting, (await reply.json()).items);
  }

  // What can honestly be said without the server.
  async guess(scan) {
    const [roster, key] = [await store.roster(this.meeting), await keyOf(scan.ticket, this.run)];
    const before = [];
    for (const one of await store.waiting()) {
      if (one.nonce !== scan.nonce && one.meeting_id === scan.meeting_id && await keyOf(one.ticket, this.run) === key) before.push(one);
    }
    const row = roster && key && roster.rows.find((each) => each.keys.includes(key));
    const name = row ? row.name_masked : "";
    if (!textOf(scan.ticket, this.run)) return kept("bad", "", "不是票", "这不是票上的二维码。请对方打开「我的票」再扫。");
    if (row?.first_at) return kept("warn", name, "已签过到", `${clock(row.first_at)} 已由${row.by || "工作人员"}签到，不用再扫。`);
    if (before.length) return kept("warn", name, "刚扫过", `${clock(before[0].scanned_at)} 已在这台手机扫过，等待上传。`);
    if (row) return kept("ok", name, "离线已记下", "在手机的名单里，联网后自动上传。");
    if (!roster || !key) return kept("warn", "", "离线已记下", "现在没有网络，不能确认是否已报名；联网后自动核对。");
    return kept("bad", "", "手机名单里没有", `手机里的名单是 ${clock(roster.at)} 的。已记下，联网后再核对；请先核对报名短信。`);
  }
}

const kept = (tone, name, word, message) => ({ offline: true, tone, name, word, message });
// The phone was paired with the run and is not any more: its rosters go, what waits to be sent stays.
async function gone(reply) {
  if (reply.status !== 401 || (await reply.json().catch(() => ({}))).code !== "device_revoked") return false;
  await store.forgetRosters();
  return true;
}

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const clock = (instant) => new Date(instant).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });

function timeout(milliseconds) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), milliseconds);
  return stop.signal;
}

function byRun(scans) {
  const groups = new Map();
  for (const scan of scans) groups.set(scan.run, [...(groups.get(scan.run) || []), scan]);
  return groups.values();
}

function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The same reading as the server's: the link's token, the bare token, or the code after the run's number.
function textOf(ticket, run) {
  const link = /\/i\/([a-z2-7]{26})(?:[/?#]|$)/i.exec(ticket);
  const plain = ticket.normalize("NFKC").replace(/[\s\-_.·]+/g, "");
  const token = link ? link[1].toLowerCase() : /^[a-z2-7]{26}$/i.test(plain) && plain.toLowerCase();
  return token || (/^[a-z0-9]{6}$/i.test(plain) ? `${run}:${plain.toUpperCase()}` : "");
}

async function keyOf(ticket, run) {
  const text = textOf(ticket, run);
  if (!text || !crypto.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...hash.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
