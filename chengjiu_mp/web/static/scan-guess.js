// Whose ticket it is, and what can honestly be said of it without the server.
import { canSeal, hashOf, openDetails } from "./scan-vault.js";

// The same reading as the server's: the link's token, the bare token, or the code.
function textOf(ticket) {
  const link = /\/i\/([a-z2-7]{26})(?:[/?#]|$)/i.exec(ticket);
  const plain = ticket.normalize("NFKC").replace(/[\s\-_.·]+/g, "");
  const token = link ? link[1].toLowerCase() : /^[a-z2-7]{26}$/i.test(plain) && plain.toLowerCase();
  return token ? { token } : { code: /^[a-z0-9]{6}$/i.test(plain) ? plain.toUpperCase() : "" };
}

// Who is meant, and what is kept and sent for it: never the ticket or its code, never a foreign text.
export async function meant(ticket, run, roster) {
  const { token, code } = textOf(ticket);
  if (!token && !code) return { unreadable: true, kept: { ticket: "?" } };
  if (!canSeal) return { kept: { ticket: ticket.slice(0, 500) } };
  const key = await hashOf(token || `${run}:${code}`);
  const row = roster?.rowOf(key);
  // A code has few enough possibilities to be guessed from its hash: who is known is named by number.
  return { token, key, row, kept: row ? { signup_id: row.signup_id } : { ticket_key: key } };
}

const same = (one, { row, key }) => (row
  ? one.signup_id === row.signup_id || row.keys.includes(one.ticket_key?.slice(0, 32))
  : Boolean(key) && one.ticket_key === key);

// found: as above, or {row} for who was ticked by name.
export async function guess(scan, found, roster, waiting) {
  const { row, token, unreadable, key } = found;
  if (unreadable) return kept("bad", "", "不是票", "这不是票上的二维码。请对方打开「我的票」再扫。");
  const kin = waiting.filter((one) => one.nonce !== scan.nonce && one.meeting_id === scan.meeting_id && same(one, found));
  const before = kin.find((one) => !one.out);
  const name = row ? await nameOf(row, token, scan.run) : "";
  if (scan.out && row && !row.first_at && !before) return kept("warn", name, "还没有签到", "手机里没有这位的签到，签退已先记下，联网后核对。");
  if (scan.out && row) return kept("ok", name, "离线已记下签退", "联网后自动上传。再扫一次，以最后一次的时间为准。");
  if (row?.first_at) return kept("warn", name, "已签过到", `${clock(row.first_at)} 已由${row.by || "工作人员"}签到，不用再扫。`);
  if (before) return kept("warn", name, "刚扫过", `${clock(before.scanned_at)} 已在这台手机记下，等待上传。`);
  if (row) return kept("ok", name, "离线已记下", "在手机的名单里，联网后自动上传。");
  if (!roster?.rows || !key) return kept("warn", "", "离线已记下", "手机里没有打开的名单，不能确认是否已报名；联网后自动核对。");
  return kept("bad", "", "手机名单里没有", `手机里的名单是 ${clock(roster.at)} 的。已记下，联网后再核对；请先核对报名短信。`);
}

// The whole name for who holds the ticket; a spoken code shows the masked one.
async function nameOf(row, token, run) {
  if (!token) return row.name_masked;
  const details = await openDetails(row.sealed, token, run).catch(() => null);
  return details ? [details.name, details.latin_name].filter(Boolean).join(" ") : row.name_masked;
}

const kept = (tone, name, word, message) => ({ offline: true, tone, name, word, message });
export const clock = (instant) => new Date(instant).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
