// Sending what was saved without network, one person at a time: versioned, so that nothing is written over unseen.
import * as store from "./checklist-store.js";

const LIMIT = 10000;
const AGAIN = 5000;

function timeout() {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), LIMIT);
  return stop.signal;
}

const sorted = (ticks) => Object.entries(ticks || {}).filter(([, of]) => Object.keys(of).length)
  .map(([item, of]) => [item, Object.entries(of).sort()]).sort();
// Whether the server holds just this: an answer that was lost on its way is no conflict.
const same = (row, draft) => JSON.stringify(sorted(row.steps)) === JSON.stringify(sorted(draft.steps))
  && Object.entries(draft.items).every(([code, points]) => code in draft.steps || (row.items[code] ?? null) === points);

export class Sync {
  // tell({state, waiting}): state is "online", "offline", "signin"; done(draft, row): the server took it;
  // stopped(draft): a conflict or a refusal, which stays on the phone until somebody decides
  constructor({ csrf, tell = () => {}, done = () => {}, stopped = () => {} }) {
    Object.assign(this, { csrf, tell, done, stopped, state: navigator.onLine ? "online" : "offline", sending: null, timer: null });
    addEventListener("online", () => this.flush());
    addEventListener("offline", () => this.say("offline"));
  }

  async say(state = this.state) {
    this.state = state;
    const waiting = (await store.drafts()).filter((one) => one.state === "waiting").length;
    this.tell({ state, waiting });
  }

  // One flush at a time; who asks meanwhile waits for one that began after asking.
  async flush() {
    while (this.sending) await this.sending;
    this.sending = this.round().finally(() => { this.sending = null; });
    await this.sending;
  }

  async round() {
    clearTimeout(this.timer);
    try {
      for (const draft of await store.drafts()) if (draft.state === "waiting") await this.send(draft);
      this.state = navigator.onLine ? "online" : "offline";
    } catch (reason) {
      this.state = reason.state || "offline";
    }
    await this.say();
    if (this.state === "offline" && navigator.onLine) this.timer = setTimeout(() => this.flush(), AGAIN);
  }

  async send(draft) {
    const { run, signup, version, items, steps } = draft;
    const reply = await this.put(run, { rows: [{ signup_id: signup, version, items, steps }] });
    if (reply.status === 401) throw Object.assign(new Error("signed out"), { state: "signin" });
    if (reply.status === 429 || reply.status >= 500) throw new Error(String(reply.status));
    const said = await reply.json();
    if (reply.ok) return this.took(draft, said);
    if (said.code !== "stale_version") return this.stop(draft, { state: "refused", words: said.detail });
    const grid = await this.grid(run);
    const row = grid.rows.find((one) => one.signup_id === signup);
    if (row && same(row, draft)) return this.took(draft, grid);
    return this.stop(draft, { state: "conflict", theirs: row && { version: row.version, items: row.items, steps: row.steps, outcome: row.outcome } });
  }

  async took(draft, { rows }) {
    const { signup_id, version, items, steps, outcome } = rows.find((one) => one.signup_id === draft.signup);
    const now = await store.draftOf(draft.run, draft.signup);
    // Ticked on meanwhile: what is on the phone now goes on from what the server took.
    if (now && now.at !== draft.at) await store.putDraft({ ...now, version });
    else await store.dropDraft(draft.key);
    await this.done(draft, { signup_id, version, items, steps, outcome });
  }

  async stop(draft, how) {
    const stopped = { ...draft, ...how };
    await store.putDraft(stopped);
    await this.stopped(stopped);
  }

  async put(run, body) {
    const send = () => fetch(`/api/v1/runs/${run}/results`, {
      method: "PUT", body: JSON.stringify(body), signal: timeout(),
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
    });
    const reply = await send();
    // A page from the phone's memory may hold the token of an earlier sign-in.
    if (reply.status !== 400 || !(await this.renew(run))) return reply;
    return send();
  }

  async renew(run) {
    const page = await fetch(`/teach/runs/${run}/checklist`, { headers: { "X-Fresh": "1" }, signal: timeout() });
    if (page.redirected || !page.ok) throw Object.assign(new Error("signed out"), { state: "signin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").getElementById("exam");
    this.csrf = fresh?.dataset.csrf || this.csrf;
    return Boolean(fresh);
  }

  async grid(run) {
    const reply = await fetch(`/api/v1/runs/${run}/results`, { signal: timeout() });
    if (!reply.ok) throw Object.assign(new Error(String(reply.status)), { state: reply.status === 401 ? "signin" : "offline" });
    return reply.json();
  }
}

// The line at the top of both pages.
export function show(box, { state, waiting }, signin) {
  const words = {
    online: waiting ? `待同步 ${waiting}` : "",
    offline: waiting ? `没有网络，待同步 ${waiting}。有网时自动上传。` : "没有网络，勾的会先存在手机里。",
    signin: `登录已过期，勾的还在手机里${waiting ? `（待同步 ${waiting}）` : ""}。`,
  }[state];
  box.hidden = !words;
  box.textContent = words;
  if (state === "signin") box.append(Object.assign(document.createElement("a"), { href: signin, textContent: "重新登录" }));
}

// The phone keeps the pages, without anybody on them.
export async function keepPages(list, one) {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js");
  const ready = await navigator.serviceWorker.ready;
  navigator.serviceWorker.addEventListener("message", ({ data }) => { if (data.kept) document.body.dataset.kept = "yes"; });
  ready.active.postMessage({ keep: list, one });
}
