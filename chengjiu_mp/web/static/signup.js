// The number of a document: shown in groups while it is typed, with an X where the phone's keyboard of digits has none.
// Any number of them stand on a page; each is a [data-document] box, its type a [data-document-type="<field id>"] select.
// Nothing is stored or sent.

const LETTERS = new Set(["hm_travel_permit", "foreign_pr_id", "cn_passport", "passport"]);

// 6-8-4, as the card itself is read aloud; other numbers have no groups of their own.
function grouped(typed) {
  const plain = typed.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
  if (!/^\d{7,}X?$/.test(plain)) return "";
  return [plain.slice(0, 6), plain.slice(6, 14), plain.slice(14)].filter(Boolean).join(" ");
}

function typeOf(input) {
  return [...document.querySelectorAll("[data-document-type]")].find((one) => one.dataset.documentType === input.id);
}

// A passport's number begins with a letter, and so does that of no card but the two that name their type. Korea's
// begins like Macao's permits.
function isPassport(type, typed) {
  return type ? type.includes("passport") : /^([A-GI-LN-Z]|M\d)/i.test(typed.trim());
}

function attend(box) {
  const input = box.querySelector("input");
  const echo = box.querySelector("[data-echo]");
  const x = box.querySelector("[data-x-key]");
  const letters = box.querySelector("[data-letters]");
  const select = typeOf(input);
  const latin = [...document.querySelectorAll("[data-latin]")].find((one) => one.dataset.latin === input.id);
  const show = () => {
    echo.textContent = grouped(input.value);
    if (latin) latin.hidden = !latin.open && !isPassport(select?.value, input.value);
  };

  const digits = (wanted) => {
    input.inputMode = wanted ? "numeric" : "text";
    x.hidden = !wanted;
    letters.textContent = wanted ? "要输字母" : "只输数字";
  };

  x.addEventListener("click", () => {
    if (!input.value.trim().toUpperCase().endsWith("X")) input.value += "X";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  });
  letters.addEventListener("click", () => {
    digits(input.inputMode !== "numeric");
    // The keyboard changes only when the field is entered again.
    input.blur();
    input.focus();
  });
  input.addEventListener("input", show);
  // Whoever leaves the field with another card's number finds the birth date asked for right below.
  input.addEventListener("change", () => {
    const more = select?.closest("details");
    if (more && /^([A-Z]|\d{8}$)/i.test(input.value.trim())) more.open = true;
  });
  // A paste of letters needs no digits' keyboard, and neither does a passport.
  const begin = () => digits(!LETTERS.has(select?.value) && !/[A-WYZ]/i.test(input.value));
  select?.addEventListener("change", () => { begin(); show(); });
  box.querySelector("[data-keys]").hidden = false;
  begin();
  show();
}

document.querySelectorAll("[data-document]").forEach(attend);
