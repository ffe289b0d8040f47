// What the phone keeps: scans that wait to be sent, and the day's roster as hashes. No name or phone in the clear.
const DAY = 86400000;

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("checkin", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("queue", { keyPath: "order", autoIncrement: true });
    asked.result.createObjectStore("roster", { keyPath: "meeting" });
  };
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});
opened.catch(() => {});

// A private window may have no database: then scans live as long as the page does.
const memory = { queue: new Map(), roster: new Map(), next: 1 };

async function within(name, mode, work) {
  let base;
  try { base = await opened; } catch { return null; }
  return new Promise((resolve, reject) => {
    const step = base.transaction(name, mode);
    const asked = work(step.objectStore(name));
    step.oncomplete = () => resolve({ result: asked.result });
    step.onerror = step.onabort = () => reject(step.error);
  });
}

export async function put(scan) {
  const done = await within("queue", "readwrite", (store) => store.add(scan)).catch(() => null);
  if (!done) memory.queue.set(memory.next, { ...scan, order: `m${memory.next++}` });
}

// Everything that waits, in the order of scanning.
export async function waiting() {
  const kept = await within("queue", "readonly", (store) => store.getAll()).catch(() => null);
  return [...(kept ? kept.result : []), ...memory.queue.values()];
}

export async function sent(scans) {
  for (const { order } of scans) {
    if (typeof order === "string") memory.queue.delete(Number(order.slice(1)));
    else await within("queue", "readwrite", (store) => store.delete(order));
  }
}

export async function keepRoster(meeting, rows) {
  const roster = { meeting, rows, at: Date.now() };
  const done = await within("roster", "readwrite", (store) => store.put(roster)).catch(() => null);
  if (!done) memory.roster.set(meeting, roster);
}

export async function roster(meeting) {
  const kept = await within("roster", "readonly", (store) => store.get(meeting)).catch(() => null);
  return (kept && kept.result) || memory.roster.get(meeting) || null;
}

// A roster is a day's: older ones leave the phone.
export async function forgetOldRosters() {
  const kept = await within("roster", "readonly", (store) => store.getAll()).catch(() => null);
  for (const { meeting, at } of kept ? kept.result : []) {
    if (Date.now() - at > DAY) await within("roster", "readwrite", (store) => store.delete(meeting));
  }
}

// Every roster leaves the phone, whatever its day: the right to it was taken back. What waits to be sent stays.
export async function forgetRosters() {
  memory.roster.clear();
  await within("roster", "readwrite", (store) => store.clear()).catch(() => null);
}
