// What the phone keeps of an exam: who is present, by masked name, until the day after; and what was ticked and not sent.
// A draft names nobody: {key, run, signup, version, items, steps, at, state, words?}
// state: "open" (being ticked), "waiting" (to be sent), "conflict", "refused"
const memory = new Map();
let late = null;

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("exam", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("people", { keyPath: "run" });
    asked.result.createObjectStore("drafts", { keyPath: "key" });
  };
  asked.onsuccess = () => {
    late = asked.result;
    late.onversionchange = () => late.close();
    resolve(late);
  };
  asked.onblocked = () => resolve(null);
  setTimeout(resolve, 3000, null);
  asked.onerror = () => reject(asked.error);
});
opened.catch(() => {});

async function within(name, mode, work) {
  let base;
  try { base = (await opened) || late; } catch { /* a private window: what is ticked lives as long as the page */ }
  if (!base) return null;
  return new Promise((resolve, reject) => {
    const step = base.transaction(name, mode);
    const asked = work(step.objectStore(name));
    step.oncomplete = () => resolve({ result: asked?.result });
    step.onerror = step.onabort = () => reject(step.error);
  });
}

const read = async (name, work) => (await within(name, "readonly", work).catch(() => null))?.result;
const write = async (name, work) => Boolean(await within(name, "readwrite", work).catch(() => null));

export const keyOf = (run, signup) => `${run}-${signup}`;
export const peopleOf = async (run) => {
  const found = await read("people", (store) => store.get(run));
  return found && found.until > Date.now() ? found.rows : [];
};
export const keepPeople = (run, until, rows) => until > Date.now() && write("people", (store) => store.put({ run, until, rows }));

export async function drafts() {
  return [...((await read("drafts", (store) => store.getAll())) || []), ...memory.values()];
}

export async function draftOf(run, signup) {
  return memory.get(keyOf(run, signup)) || read("drafts", (store) => store.get(keyOf(run, signup)));
}

export async function putDraft(draft) {
  if (!(await write("drafts", (store) => store.put(draft)))) memory.set(draft.key, draft);
}

export async function dropDraft(key) {
  memory.delete(key);
  await write("drafts", (store) => store.delete(key));
}

// What the server holds of one person now, put into what is kept of the run.
export async function saw(run, until, row) {
  const rows = await peopleOf(run);
  const at = rows.findIndex((one) => one.signup_id === row.signup_id);
  if (at < 0) return;
  rows[at] = { ...rows[at], ...row, name: rows[at].name };
  await keepPeople(run, until, rows);
}

async function forget(gone) {
  for (const record of (await read("people", (store) => store.getAll())) || []) {
    if (gone(record)) await write("people", (store) => store.delete(record.run));
  }
}

// As rosters go: past the day, with one run, or all of them. What was ticked and not sent stays, without a name.
export const forgetPast = () => forget((record) => !(record.until > Date.now()));
export const forgetRun = (run) => forget((record) => record.run === run);
export const forgetPeople = () => forget(() => true);
