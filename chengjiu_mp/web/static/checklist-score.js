// The pass rule, as the server counts it (exams/steps.py, exams/scheme.py); both are held to tests/exams/step_vectors.json.
// ticks: {step's code: "" when done right, else the reason}

// An item's points, null while a step is not judged. A critical step not passed keeps them below the mark.
export function pointsOf(item, ticks) {
  if (item.steps.some((step) => !(step.code in ticks))) return null;
  const sum = item.steps.filter((step) => !ticks[step.code]).reduce((total, step) => total + step.points, 0);
  const total = Math.min(item.max, Math.round(sum * 100) / 100);
  const missed = item.steps.some((step) => step.critical && ticks[step.code]);
  return missed ? Math.min(total, Math.max(0, Math.ceil(item.pass) - 1)) : total;
}

// points: {item's code: number}; every required item at or over its mark.
export function outcomeOf(items, points) {
  const required = items.filter((item) => item.required);
  if (required.some((item) => !(item.code in points))) return "incomplete";
  return required.every((item) => points[item.code] >= item.pass) ? "passed" : "failed";
}

export const WORDS = { passed: ["合格", "ok"], failed: ["不合格", "bad"], incomplete: ["未完成", "plain"] };
