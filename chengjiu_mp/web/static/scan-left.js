// Scans that still wait on this phone are sent from the other pages of the instructor too.
import { forgetPast, waiting } from "./scan-store.js";
import { Sync } from "./scan-sync.js";
import { drafts } from "./checklist-store.js";
import { Sync as Sheets } from "./checklist-sync.js";

const box = document.querySelector("[data-left]");

function tell({ state, waiting: left }) {
  const words = {
    online: left ? "正在上传。" : "都已上传，刷新就能看到。",
    offline: "没有网络，有网时自动上传。",
    signin: "请重新登录，再自动上传。",
    revoked: "签到权限已收回。请老师重新邀请，或在这台手机上登录，就会自动补传。",
    closed: "服务器没有收下，请联系市红十字会。",
    elsewhere: "是别的场次的，服务器没有收下，请找那一场的老师。",
  }[state];
  box.querySelector("span").textContent = `${left ? `手机里还有 ${left} 条签到没有上传。` : ""}${words}`;
  box.hidden = false;
}

forgetPast();
const left = box ? await waiting() : [];
// Sheets of an exam go along; what is not taken is said on the checklist itself.
if (box && (await drafts()).some((one) => one.state === "waiting")) new Sheets({ csrf: box.dataset.csrf }).flush();
if (left.length) new Sync({ run: left[0].run, meeting: null, csrf: box.dataset.csrf, tell, answered() {} }).flush();
