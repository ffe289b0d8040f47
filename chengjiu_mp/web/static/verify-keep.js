// Keys and list: fetched where there is network, kept on the phone for where there is none.
import { readList } from "./verify-check.js";

const STORE = "offline-verify";
const PATIENCE = 4000;
const [KEYS, REVOKED] = ["/.well-known/jyrc-keys.json", "/.well-known/jyrc-revoked.json"];

async function fetched(path) {
  try {
    const reply = await fetch(path, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
    return reply.ok ? await reply.json() : null;
  } catch {
    return null; // no network, or somebody else's page in its place
  }
}

async function kept(path) {
  return (await (await caches.open(STORE)).match(path))?.json();
}

async function keep(path, content) {
  await (await caches.open(STORE)).put(path, Response.json(content));
}

// → { keys, kinds, list, fresh: { keys, list } }; keys is empty and list null where this phone has none
export async function load() {
  const [newKeys, newList] = await Promise.all([fetched(KEYS), fetched(REVOKED)]);
  if (Array.isArray(newKeys?.keys)) await keep(KEYS, newKeys);
  const { keys = [], kinds = {} } = (await kept(KEYS)) || {};
  const read = async (found) => (found ? readList(found.signed, keys) : null);
  const [fresh, old] = [await read(newList), await read(await kept(REVOKED))];
  // Never back to an older one: that is how a revocation would be undone.
  const newer = fresh && !(old && old.made > fresh.made);
  if (newer) await keep(REVOKED, newList);
  return { keys, kinds, list: newer ? fresh : old, fresh: { keys: Boolean(newKeys), list: Boolean(fresh) } };
}

// The page itself, for codes (/v/) and by itself (/verify/): two scopes of one worker, so that no other page of ours is touched.
export async function keepPage() {
  const scopes = ["/v/", "/verify/"];
  const made = await Promise.all(scopes.map((scope) => navigator.serviceWorker.register("/verify-sw.js", { scope })));
  await Promise.all(made.map((each) => each.active || new Promise((resolve) => {
    const worker = each.installing || each.waiting;
    worker.addEventListener("statechange", () => { if (worker.state === "activated") resolve(); });
  })));
}
