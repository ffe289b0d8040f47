// A convenience for bad networks: what was typed is kept in this tab until it is saved, and the outcome shows at once.
const form = document.querySelector("[data-results]");
if (form) {
  const key = `results-${form.dataset.results}`;
  const boxes = [...form.querySelectorAll("input[data-max]")];
  const words = { passed: ["合格", "ok"], failed: ["不合格", "bad"], incomplete: ["未完成", "plain"] };
  let leaving = false;

  const judge = (row) => {
    const needed = [...row.querySelectorAll("input[data-required]")];
    if (needed.some((box) => !/^\d+(\.\d+)?$/.test(box.value.trim()))) return "incomplete";
    return needed.every((box) => Number(box.value) >= Number(box.dataset.mark)) ? "passed" : "failed";
  };
  const show = (row) => {
    const pill = row.querySelector("[data-outcome] .pill");
    const [word, tone] = words[judge(row)];
    pill.textContent = word;
    pill.className = `pill ${tone}`;
  };
  const unsaved = () => boxes.filter((box) => box.value !== box.defaultValue);

  // A draft belongs to the version it was typed on; after somebody else's change it is not put back silently.
  const versionOf = (box) => box.closest("[data-row]").querySelector("input[name^='v.']").value;
  const kept = JSON.parse(sessionStorage.getItem(key) || "{}");
  for (const box of boxes) {
    const [version, value] = kept[box.name] || [];
    if (version === versionOf(box)) box.value = value;
  }
  form.querySelectorAll("[data-row]").forEach(show);

  form.addEventListener("input", (event) => {
    show(event.target.closest("[data-row]"));
    const drafts = Object.fromEntries(unsaved().map((box) => [box.name, [versionOf(box), box.value]]));
    sessionStorage.setItem(key, JSON.stringify(drafts));
  });
  form.addEventListener("submit", () => { leaving = true; });
  addEventListener("beforeunload", (event) => {
    if (!leaving && unsaved().length) event.preventDefault();
  });
}
