// The design as it is being typed, drawn by the server: a sample, never a certificate.
const form = document.querySelector("form[data-live]");
const panel = form.querySelector(".live");
const picture = form.querySelector("[data-live-picture]");
const words = form.querySelector("[data-live-words]");
const IDLE = words.textContent;
let waiting = 0;

panel.hidden = false;

function draw() {
  const query = new URLSearchParams(new FormData(form));
  query.delete("csrf_token");
  words.textContent = "正在画…";
  picture.src = `${form.dataset.live}?${query}`;
}

picture.addEventListener("load", () => { words.textContent = IDLE; });
picture.addEventListener("error", () => { words.textContent = "这样画不出来：请检查数字。按“保存草稿”会指出是哪一项。"; });
form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(draw, 700); });
