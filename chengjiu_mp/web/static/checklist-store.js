// What the phone keeps of an exam: who is present, by masked name, until the day after; and what was ticked and not sent.
// A draft names nobody: {key, run, signup, version, items, steps, at, state, words?}
// state: "open" (being ticked), "waiting" (to be sent), "conflict", "refused"
import { phoneBase } from "./phone-base.js";

// Where there is no base, what is ticked lives as long as the page.
const memory = new Map();

const { read, write, forget } = phoneBase("exam", 1, (base) => {
  base.createObjectStore("people", { keyPath: "run" });
  base.createObjectStore("drafts", { keyPath: "key" });
});

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

// As rosters go: past the day, with one run, or all of them. What was ticked and not sent stays, without a name.
export const forgetPast = () => forget("people", (record) => !(record.until > Date.now()));
export const forgetRun = (run) => forget("people", (record) => record.run === run);
export const forgetPeople = () => forget("people", () => true);
