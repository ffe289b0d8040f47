// What the phone keeps: scans that wait to be sent, and what opens with the PIN alone. No name, phone or ticket in the clear.
import * as exam from "./checklist-store.js";
import { phoneBase } from "./phone-base.js";

const KEPT_PAGE = /^\/teach\/runs\/\d+\/(scan|checklist(\/one)?)$/;
const FORGOTTEN = "rosters-forgotten";

const { within, read, write, forget } = phoneBase("checkin", 2, (base) => {
  const names = base.objectStoreNames;
  if (!names.contains("queue")) base.createObjectStore("queue", { keyPath: "order", autoIncrement: true });
  // Masked names lay here in the clear before version 2.
  if (names.contains("roster")) base.deleteObjectStore("roster");
  base.createObjectStore("roster", { keyPath: "meeting" });
  if (!names.contains("vault")) base.createObjectStore("vault", { keyPath: "run" });
});

// A private window may have no database: then scans live as long as the page does.
const memory = { queue: new Map(), next: 1 };

// Where a ticket cannot be hashed it is never written down. Returns the scan as it waits now.
export async function put(scan) {
  const readable = scan.ticket && scan.ticket !== "?";
  const done = readable ? null : await write("queue", (store) => store.add({ ...scan }));
  if (done) return { ...scan, order: done.result };
  memory.queue.set(memory.next, { ...scan, order: `m${memory.next}` });
  return memory.queue.get(memory.next++);
}

// Everything that waits, in the order of scanning.
export async function waiting() {
  return [...((await read("queue", (store) => store.getAll())) || []), ...memory.queue.values()];
}

export async function sent(scans) {
  for (const { order } of scans) {
    if (typeof order === "string") memory.queue.delete(Number(order.slice(1)));
    else await within("queue", "readwrite", (store) => store.delete(order));
  }
}

export const vaultOf = (run) => read("vault", (store) => store.get(run));
export const sealedRoster = (meeting) => read("roster", (store) => store.get(meeting));
export const keepVault = async (record) => Boolean(await write("vault", (store) => store.put(record)));
export const keepSealed = async (record) => Boolean(await write("roster", (store) => store.put(record)));

const forgetKept = async (gone) => { for (const name of ["vault", "roster"]) await forget(name, gone); };

// A forgotten PIN, or too many wrong ones. Scans that wait stay.
export async function forgetRun(run) {
  await exam.forgetRun(run);
  await forgetKept((record) => record.run === run);
}

// From the day after the last meeting nobody needs the names any more.
export async function forgetPast() {
  await exam.forgetPast();
  await forgetKept((record) => !(record.until > Date.now()));
}

// Signing out, or the phone is no longer trusted: every roster and kept scan page goes, in all tabs. Unsent scans stay.
export async function forgetRosters() {
  await exam.forgetPeople();
  await forgetKept(() => true);
  dispatchEvent(new Event(FORGOTTEN));
  if (globalThis.BroadcastChannel) {
    const channel = new BroadcastChannel(FORGOTTEN);
    channel.postMessage("all");
    channel.close();
  }
  for (const name of globalThis.caches ? await caches.keys() : []) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (KEPT_PAGE.test(new URL(request.url).pathname)) await cache.delete(request);
    }
  }
}

export function onForgotten(act) {
  addEventListener(FORGOTTEN, act);
  if (globalThis.BroadcastChannel) new BroadcastChannel(FORGOTTEN).onmessage = act;
}

// Whether what is written can be read again; for the check before a day without network.
export async function trial() {
  const record = { run: -1, until: 0, word: String(Math.random()) };
  if (!(await keepVault(record))) return false;
  const found = await vaultOf(-1);
  await forgetRun(-1);
  return found?.word === record.word;
}
