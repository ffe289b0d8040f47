// One person's sheet: every tick is on the phone at once, points and outcome follow, and 保存 sends it now or later.
import { onForgotten } from "./scan-store.js";
import { Metronome, Timer, clockWords } from "./checklist-beat.js";
import { WORDS, outcomeOf, pointsOf } from "./checklist-score.js";
import * as store from "./checklist-store.js";
import { Sync, keepPages, show } from "./checklist-sync.js";

const root = document.getElementById("exam");
const form = document.getElementById("sheet");
const part = (name, within = document) => within.querySelector(`[data-${name}]`);
const run = Number(root.dataset.run);
const signup = Number(location.pathname.split("/").pop());
const until = Date.parse(root.dataset.until);
const scheme = JSON.parse(root.dataset.scheme);
const list = `/teach/runs/${run}/checklist`;
const key = store.keyOf(run, signup);
const NUMBER = /^\d{1,4}(\.\d{1,2})?$/;
let row = root.dataset.row ? JSON.parse(root.dataset.row) : null;
let draft = null;
let writes = 0;

const plain = (text) => text.trim().replace(/[０-９．。]/g, (char) => (char === "。" || char === "．" ? "." : String.fromCharCode(char.charCodeAt(0) - 0xfee0)));

// What stands in the form: {items: {code: points or null}, steps: {code: ticks}}
function read() {
  const [items, steps] = [{}, {}];
  for (const item of scheme) {
    if (!item.steps.length) {
      const text = plain(form.elements[`p.${item.code}`].value);
      items[item.code] = NUMBER.test(text) && Number(text) <= item.max ? Number(text) : null;
      continue;
    }
    const ticks = {};
    for (const { code } of item.steps) {
      const said = form.elements[`t.${item.code}.${code}`]?.value; // what need not be taken again has no boxes
      if (said) ticks[code] = said === "ok" ? "" : form.elements[`w.${item.code}.${code}`].value;
    }
    steps[item.code] = ticks;
    items[item.code] = pointsOf(item, ticks);
  }
  return { items, steps };
}

function fill({ items, steps }) {
  for (const item of scheme) {
    if (!item.steps.length) form.elements[`p.${item.code}`].value = items[item.code] ?? "";
    for (const { code } of item.steps) {
      if (!form.elements[`t.${item.code}.${code}`]) continue;
      const said = steps[item.code]?.[code];
      form.elements[`t.${item.code}.${code}`].value = said === undefined ? "" : said ? "no" : "ok";
      if (said === undefined) for (const box of form.elements[`t.${item.code}.${code}`]) box.checked = false;
      if (said) form.elements[`w.${item.code}.${code}`].value = said;
    }
  }
  total();
}

// Points that never came from ticks stand until somebody ticks: typed in the grid, corrected, or carried over.
function standing(steps) {
  const stands = ({ code }) => !Object.keys(steps[code] || {}).length && !Object.keys(row?.steps[code] || {}).length && (row?.items[code] ?? null) !== null;
  return Object.fromEntries(scheme.filter((item) => item.steps.length && stands(item)).map(({ code }) => [code, row.items[code]]));
}

function total() {
  const { items, steps } = read();
  const points = { ...Object.fromEntries(Object.entries(items).filter(([, each]) => each !== null)), ...standing(steps) };
  for (const item of scheme) {
    const why = row?.settled?.[item.code];
    const line = part("settled", form.querySelector(`[data-item="${item.code}"]`));
    [line.hidden, line.textContent] = [!why, why || ""];
  }
  for (const item of scheme.filter((each) => each.steps.length)) {
    const sum = part("sum", form.querySelector(`[data-item="${item.code}"]`));
    const left = item.steps.length - Object.keys(steps[item.code]).length;
    const missed = item.steps.some((step) => step.critical && steps[item.code][step.code]);
    const now = points[item.code] ?? null;
    sum.textContent = now === null ? `还有 ${left} 步没勾` : `${now} 分${now >= item.pass ? "，合格" : missed ? "，关键步骤没做到，不合格" : "，不合格"}`;
    sum.className = `sum ${now === null ? "" : now >= item.pass ? "ok" : "bad"}`;
  }
  const [word, tone] = WORDS[outcomeOf(scheme.filter(({ code }) => !row?.exempt?.includes(code)), points)];
  const words = scheme.map(({ code, name }) => `${name} ${points[code] ?? "—"}`).join("　");
  part("total").hidden = false;
  part("total").replaceChildren(words, Object.assign(document.createElement("span"), { className: `pill ${tone}`, textContent: word }));
}

async function keep(state) {
  // A conflict stays one until it is decided, whatever is ticked meanwhile.
  const theirs = draft?.theirs && state === "open" ? { theirs: draft.theirs } : {};
  draft = { key, run, signup, version: draft?.version ?? row.version, ...read(), at: Date.now(), state: theirs.theirs ? "conflict" : state, ...theirs };
  // The page says how the draft stands once the last of what was ticked meanwhile is written.
  const turn = ++writes;
  delete document.body.dataset.draft;
  await store.putDraft(draft);
  if (turn === writes) document.body.dataset.draft = draft.state;
}

function told(state) {
  show(part("net"), state, root.dataset.signin);
}

// What the server took becomes the ground for the next tick.
async function done(one, fresh) {
  if (one.run === run) await store.saw(run, until, fresh);
  if (one.key !== key) return;
  row = { ...row, ...fresh };
  draft = (await store.draftOf(run, signup)) || null;
  form.elements.version.value = fresh.version;
  part("conflict").hidden = true;
  document.body.dataset.draft = draft ? draft.state : "saved";
  if (!draft) said("ok", `已保存：${WORDS[fresh.outcome][0]}。`);
}

function said(tone, words) {
  const box = part("saved") || form.insertAdjacentElement("afterend", Object.assign(document.createElement("p"), { role: "status" }));
  box.dataset.saved = "";
  box.className = `notice ${tone}`;
  box.textContent = words;
  box.append(Object.assign(document.createElement("a"), { className: "btn", href: list, textContent: "回到名单" }));
  box.scrollIntoView({ block: "center" });
}

// Somebody else wrote first, or the server does not take it: both are said, and nothing is written over.
async function stopped(one) {
  if (one.key !== key) return;
  draft = one;
  document.body.dataset.draft = one.state;
  const clash = one.state === "conflict";
  const points = scheme.map(({ code, name }) => `${name} ${one.theirs?.items[code] ?? "空"}`).join("、");
  part("conflict-title").textContent = clash ? "别人先保存了这位学员的成绩" : "服务器没有收下";
  part("conflict-words").textContent = clash ? `现在是：${points}。您勾的还在下面，没有覆盖对方的；请核对，再选一个。` : `${one.words}您勾的还在这台手机里。`;
  part("mine").textContent = clash ? "用我勾的" : "再传一次";
  part("theirs").textContent = clash ? "用对方的" : "不传了，丢掉我勾的";
  part("conflict").hidden = false;
  part("conflict").scrollIntoView({ block: "center" });
}

async function mine() {
  if (draft.theirs) draft.version = draft.theirs.version;
  await keep("waiting");
  part("conflict").hidden = true;
  await sync.flush();
}

async function theirs() {
  const now = draft.theirs || row;
  await store.dropDraft(key);
  row = { ...row, ...now };
  draft = null;
  part("conflict").hidden = true;
  fill(row);
  if (now !== row) await store.saw(run, until, { signup_id: signup, ...now });
  document.body.dataset.draft = "";
}

const sync = new Sync({ csrf: root.dataset.csrf, tell: told, done, stopped });

function tools() {
  const [face, count, round] = [part("face"), part("count"), part("round")];
  const metronome = new Metronome(({ kind, number, round: turn }) => {
    count.textContent = kind === "press" ? String(number) : `吹气 ${number}`;
    round.textContent = `第 ${turn} 组`;
    face.className = `beat-face ${kind === "press" ? "hit" : "breath"}`;
    if (kind === "press") setTimeout(() => face.classList.remove("hit"), 120);
    part("words", part("metronome")).textContent = kind === "press" ? `${number}/30` : "吹气";
  });
  const speed = () => {
    part("speed").textContent = metronome.rate;
    if (!metronome.running) round.textContent = `按压 ${metronome.rate} 次/分`;
  };
  part("metronome").addEventListener("click", () => {
    const on = !metronome.running;
    if (on) metronome.start(); else metronome.stop();
    part("metronome").setAttribute("aria-pressed", String(on));
    if (on) return;
    part("words", part("metronome")).textContent = "节拍";
    count.textContent = "30∶2";
    face.className = "beat-face";
    speed();
  });
  for (const [name, by] of [["slower", -5], ["faster", 5]]) part(name).addEventListener("click", () => { metronome.turn(by); speed(); });
  const timer = new Timer((left) => {
    part("words", part("timer")).textContent = clockWords(left);
    part("timer").classList.toggle("over", left <= 0);
  });
  part("timer").addEventListener("click", () => {
    const on = !timer.running;
    if (on) { timer.start(); part("laps").textContent = ""; } else timer.stop();
    part("timer").setAttribute("aria-pressed", String(on));
    part("lap").disabled = !on;
    if (!on) { part("words", part("timer")).textContent = "2:00"; part("timer").classList.remove("over"); }
  });
  part("lap").addEventListener("click", () => {
    part("laps").textContent = timer.lap().map((passed, n) => `${n + 1}：${clockWords(passed)}`).join("　");
  });
  for (const name of ["metronome", "timer", "beat"]) part(name).hidden = false;
}

async function begin() {
  await store.forgetPast();
  const kept = (await store.peopleOf(run)).find((one) => one.signup_id === signup);
  if (row && kept) await store.saw(run, until, row);
  row ||= kept || null;
  if (!row) {
    part("unknown").hidden = false;
    [form.hidden, document.querySelector(".act").hidden] = [true, true];
    return;
  }
  if (!root.dataset.row) {
    document.querySelector("h1").textContent = row.name;
    part("who").textContent = `${row.number} 号${row.tail ? `　手机尾号 ${row.tail}` : ""}`;
  }
  draft = (await store.draftOf(run, signup)) || null;
  if (!part("timer")) return; // handed in: nothing to tick
  if (draft) fill(draft);
  else if (!root.dataset.row) fill(row);
  else total();
  tools();
  // Ticked on an older version than the page shows now: what is there is said before anything is sent.
  if (draft?.state === "open" && root.dataset.row && draft.version < row.version) {
    await sync.stop(draft, { state: "conflict", theirs: { version: row.version, items: row.items, steps: row.steps, outcome: row.outcome } });
  } else if (draft?.state === "conflict" || draft?.state === "refused") await stopped(draft);
  form.addEventListener("change", () => { total(); keep("open"); });
  form.addEventListener("input", (event) => { if (event.target.matches("input:not([type=radio])")) { total(); keep("open"); } });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = scheme.find((item) => !item.steps.length && form.elements[`p.${item.code}`].value.trim() && read().items[item.code] === null);
    if (wrong) return said("bad", `${wrong.name}请填 0 到 ${wrong.max} 的数字。`);
    await keep("waiting");
    await sync.flush();
    if (sync.state === "offline") said("warn", "已存在手机里，有网时自动上传。");
  });
  part("mine").addEventListener("click", mine);
  part("theirs").addEventListener("click", theirs);
}

onForgotten(() => { if (!root.dataset.row) location.replace("/teach/"); });
await begin();
document.body.dataset.ready = "yes";
sync.flush();
keepPages(list, location.pathname).catch(() => {});
