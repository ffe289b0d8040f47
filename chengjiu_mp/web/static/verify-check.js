// What a signed code is worth by itself. The browser's own Ed25519 checks it; no other algorithm is known here, and
// nothing in a code can ask for one.
const CODE = "JYRC1 certificate\n";
const LIST = "JYRC1 list\n";
const SIGNATURE = 64;
const ED25519 = { name: "Ed25519" };
// Whose clock is a little slow still believes a list that was made a moment ago.
const SLOW = 5 * 60_000;
// RFC 8032, 7.1, test 1: the signature of nothing.
const KNOWN = ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw"];

// One text for one code: what decodes to the same bytes in another spelling is refused.
export function bytes(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return null;
  const raw = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  return plain(raw) === text ? raw : null;
}

export function plain(raw) {
  return btoa(String.fromCharCode(...raw)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function verifies(publicKey, signature, signed) {
  const key = await crypto.subtle.importKey("raw", bytes(publicKey), ED25519, false, ["verify"]);
  return crypto.subtle.verify(ED25519, key, signature, signed);
}

// Whether this browser can check at all: it must get a known signature right.
export async function able() {
  try {
    return await verifies(KNOWN[0], bytes(KNOWN[1]), new Uint8Array());
  } catch {
    return false;
  }
}

async function open(text, purpose, keys) {
  const raw = bytes(text);
  if (!raw || raw.length <= SIGNATURE) return { fault: "invalid" };
  const payload = raw.slice(0, -SIGNATURE);
  let said;
  try { said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)); } catch { return { fault: "invalid" }; }
  if (!Array.isArray(said) || said[0] !== 1) return { fault: "invalid" };
  const key = keys.find((each) => each.kid === said[1] && each.algorithm === "Ed25519");
  if (!key) return { fault: "unknown_key", kid: String(said[1]) };
  const lead = new TextEncoder().encode(purpose);
  const signed = new Uint8Array(lead.length + payload.length);
  signed.set(lead);
  signed.set(payload, lead.length);
  if (!await verifies(key.public, raw.slice(-SIGNATURE), signed)) return { fault: "invalid" };
  return { said, key };
}

// The list of codes that no longer stand: null when it is not ours.
export async function readList(text, keys) {
  const { fault, said, key } = await open(text, LIST, keys);
  if (fault || key.leaked_on) return null;
  const [, , made, ends, revoked, corrected] = said;
  return { made: made * 1000, ends: ends * 1000, revoked: new Set(revoked), corrected: new Set(corrected) };
}

export const isOld = (list, now) => now > list.ends || now < list.made - SLOW;

const dayOf = (now) => Number(new Date(now + 8 * 3600_000).toISOString().slice(0, 10).replaceAll("-", ""));

export async function shortHash(token) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return plain(new Uint8Array(hash).slice(0, 8));
}

// token: the one in the address, "" where the address has none. list: from readList, or null. now: milliseconds.
// → { state, claims?, kid? }, state one of invalid unknown_key leaked_key test revoked corrected expired valid unlisted
export async function judge({ text, token, keys, list, now }) {
  const { fault, said, key, kid } = await open(text, CODE, keys);
  if (fault) return { state: fault, kid };
  const [, , hash, number, kind, issued, until, name, test] = said;
  const found = (state) => ({ state, kid: key.kid, claims: { number, kind, issued, until, name } });
  if (token && await shortHash(token) !== hash) return { state: "invalid" };
  if (key.leaked_on) return found("leaked_key");
  if (key.retired_on && issued > Number(key.retired_on.replaceAll("-", ""))) return { state: "invalid" };
  if (test) return found("test");
  if (list?.revoked.has(hash)) return found("revoked");
  if (list?.corrected.has(hash)) return found("corrected");
  if (until && dayOf(now) > until) return found("expired");
  return found(list && !isOld(list, now) ? "valid" : "unlisted");
}
