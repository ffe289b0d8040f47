// Who is present and how far: with network the server's page, without it what the phone keeps of it.
import { onForgotten } from "./scan-store.js";
import { WORDS } from "./checklist-score.js";
import * as store from "./checklist-store.js";
import { Sync, keepPages, show } from "./checklist-sync.js";

const root = document.getElementById("exam");
const part = (name) => root.querySelector(`[data-${name}]`);
const run = Number(root.dataset.run);
const until = Date.parse(root.dataset.until);
const scheme = JSON.parse(root.dataset.scheme);
const STATES = { open: ["没保存", "warn"], waiting: ["待同步", "warn"], conflict: ["有冲突", "bad"], refused: ["没收下", "bad"] };
const here = `/teach/runs/${run}/checklist`;

function pill([word, tone]) {
  return Object.assign(document.createElement("span"), { className: `pill ${tone}`, textContent: word });
}

function lineOf(row) {
  const line = document.getElementById("line").content.firstElementChild.cloneNode(true);
  line.dataset.signup = row.signup_id;
  const name = line.querySelector("[data-name]");
  name.textContent = row.name;
  name.href = `${here}/${row.signup_id}`;
  part("people").append(line);
  return line;
}

function paint(rows, drafts) {
  for (const row of rows) {
    const line = part("people").querySelector(`[data-signup="${row.signup_id}"]`) || lineOf(row);
    const draft = drafts.find((one) => one.run === run && one.signup === row.signup_id);
    const begun = Object.keys(row.items).length || Object.keys(row.steps).length;
    const { items } = draft || row;
    line.querySelector("[data-state]").replaceChildren(pill(draft ? STATES[draft.state] : row.outcome === "incomplete" && !begun ? ["未考", "plain"] : WORDS[row.outcome]));
    line.querySelector("[data-facts]").textContent = [`${row.number} 号`, row.tail && `手机尾号 ${row.tail}`,
      ...scheme.filter(({ code }) => (items[code] ?? null) !== null).map(({ code, name }) => `${name} ${items[code]}`)].filter(Boolean).join("　");
  }
  part("here").hidden = !rows.length;
  part("nobody").hidden = rows.length > 0;
}

const fresh = root.dataset.rows ? JSON.parse(root.dataset.rows) : null;
async function draw() {
  const rows = (await store.peopleOf(run)).length ? await store.peopleOf(run) : fresh || [];
  paint(rows, await store.drafts());
  document.body.dataset.people = rows.length;
}

await store.forgetPast();
if (fresh) await store.keepPeople(run, until, fresh);
await draw();
const sync = new Sync({
  csrf: root.dataset.csrf, tell: (told) => show(part("net"), told, root.dataset.signin), stopped: draw,
  done: async (draft, row) => { if (draft.run === run) await store.saw(run, until, row); await draw(); },
});
onForgotten(() => { if (!navigator.onLine || !fresh) part("people").replaceChildren(); document.body.dataset.people = "0"; });
sync.flush();
part("kept-words").hidden = !("serviceWorker" in navigator);
const first = part("people").querySelector("[data-signup]");
keepPages(here, first && `${here}/${first.dataset.signup}`).catch(() => {});
