// A phone's photo is often larger than what is taken: it is made smaller here, before it goes out. Where that fails, the
// file goes as it is and the server says what is wrong with it.
const LARGE = 3 * 1024 * 1024;
const SIDE = 2400;
const HEAD = 256 * 1024;
const TAKEN = ["image/jpeg", "image/png"];
const PHOTO = 'input[type="file"][data-photo]';
const working = new Map();

async function smaller(file) {
  const whole = await createImageBitmap(file);
  const part = Math.min(1, SIDE / Math.max(whole.width, whole.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(whole.width * part);
  canvas.height = Math.round(whole.height * part);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.85); });
  if (!blob) return null;
  const said = await saidByCamera(file).catch(() => null);
  const parts = said ? [blob.slice(0, 2), said, blob.slice(2)] : [blob];
  return new File(parts, "photo.jpg", { type: "image/jpeg" });
}

// When it was taken is written in the file's head (EXIF), which drawing it anew would lose: the record shows it.
async function saidByCamera(file) {
  const head = await file.slice(0, HEAD).arrayBuffer();
  const view = new DataView(head);
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; view.getUint8(at) === 0xff && view.getUint16(at) !== 0xffda; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint16(at) !== 0xffe1 || view.getUint32(at + 4) !== 0x45786966) continue;
    stand(view, at + 10);
    return head.slice(at, at + 2 + view.getUint16(at + 2));
  }
  return null;
}

// It was drawn upright, and must not be turned again.
function stand(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const list = start + view.getUint32(start + 4, little);
  for (let n = view.getUint16(list, little), at = list + 2; n > 0; n -= 1, at += 12) {
    if (view.getUint16(at, little) === 0x0112) view.setUint16(at + 8, 1, little);
  }
}

async function prepare(input) {
  const file = input.files[0];
  if (!file || (file.size <= LARGE && TAKEN.includes(file.type))) return;
  const made = await smaller(file).catch(() => null);
  // Another one may have been chosen meanwhile.
  if (!made || input.files[0] !== file) return;
  const held = new DataTransfer();
  held.items.add(made);
  input.files = held.files;
}

document.addEventListener("change", (event) => {
  const input = event.target.closest(PHOTO);
  if (input) working.set(input, prepare(input).catch(() => {}).finally(() => working.delete(input)));
});

// Ahead of app.js: a form that is sent at once waits for its picture.
document.addEventListener("submit", async (event) => {
  const input = event.target.querySelector(PHOTO);
  if (!working.has(input)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const [form, button] = [event.target, event.submitter];
  await working.get(input);
  form.requestSubmit(button);
}, true);
