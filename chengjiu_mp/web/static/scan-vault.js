// Keys and what lies under them. A random key seals the run's roster; six digits, stretched, wrap that key.
// What this is worth: six digits keep out who finds or borrows the phone. Who copies its storage can try them all in a
// laboratory, and then finds masked names and four digits: the full names lie under their tickets.
const ROUNDS = 600000;
export const TRIES = 10;
export const canSeal = Boolean(globalThis.crypto?.subtle);

const AES = { name: "AES-GCM", length: 256 };
const text = (words) => new TextEncoder().encode(words);
const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const place = (kind, ...ids) => text([kind, ...ids].join("|"));

// Why six digits will not do; empty when they will.
export function weakness(pin) {
  if (!/^\d{6}$/.test(pin)) return "PIN 是 6 位数字。";
  const steps = new Set([...pin].slice(1).map((digit, i) => digit - pin[i]));
  const plain = steps.size === 1 && Math.abs([...steps][0]) < 2;
  return plain ? "这个 PIN 太好猜，请换一个，不要用 111111、123456 这样的。" : "";
}

async function pinKey(pin, { salt, rounds }) {
  const base = await crypto.subtle.importKey("raw", text(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, base, AES, false, ["wrapKey", "unwrapKey"]);
}

const open = (record, pin) => pinKey(pin, record).then((outer) => crypto.subtle.unwrapKey(
  "raw", record.wrapped, outer, { name: "AES-GCM", iv: record.iv, additionalData: place("vault", record.run) }, AES, false, ["encrypt", "decrypt"],
));

// What to keep, and the key itself, which can no more be taken out of the page.
export async function newVault(pin, run, until) {
  const record = { run, until, salt: random(16), rounds: ROUNDS, iv: random(12), wrong: 0 };
  const [outer, inner] = [await pinKey(pin, record), await crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"])];
  record.wrapped = await crypto.subtle.wrapKey("raw", inner, outer, { name: "AES-GCM", iv: record.iv, additionalData: place("vault", run) });
  return { record, key: await open(record, pin) };
}

// The key, or nothing when the PIN is another.
export const openVault = (record, pin) => open(record, pin).catch(() => null);

export async function seal(key, rows, run, meeting) {
  const iv = random(12);
  const how = { name: "AES-GCM", iv, additionalData: place("roster", run, meeting) };
  return { iv, data: await crypto.subtle.encrypt(how, key, text(JSON.stringify(rows))) };
}

export async function unseal(key, { iv, data, run, meeting }) {
  const how = { name: "AES-GCM", iv, additionalData: place("roster", run, meeting) };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, key, data)));
}

// What the server sealed for who scans this ticket: {name, latin_name?}.
export async function openDetails(sealed, token, run) {
  const raw = Uint8Array.from(atob(sealed.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const base = await crypto.subtle.importKey("raw", text(token), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: text(`roster1|${run}`) };
  const key = await crypto.subtle.deriveKey(how, base, AES, false, ["decrypt"]);
  const bytes = await crypto.subtle.decrypt({ name: "AES-GCM", iv: raw.slice(0, 12) }, key, raw.slice(12));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export async function hashOf(words) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text(words)));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
