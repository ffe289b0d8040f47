// Shows a long number in groups below its field, so that it can be compared with the card. Nothing is stored or sent.
for (const field of document.querySelectorAll("[data-group]")) {
  const echo = document.createElement("p");
  echo.className = "hint num-echo";
  echo.setAttribute("aria-hidden", "true");
  field.after(echo);
  field.addEventListener("input", () => {
    const plain = field.value.replace(/\s/g, "").toUpperCase();
    const card = plain.length > 6 && /^\d/.test(plain);
    echo.textContent = card ? [plain.slice(0, 6), plain.slice(6, 14), plain.slice(14)].filter(Boolean).join(" ") : "";
  });
}
