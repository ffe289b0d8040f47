// Before signing out on a phone that scanned: names leave the phone; scans that were not sent are said, and stay.
for (const form of document.querySelectorAll("[data-signout]")) {
  let warned = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { forgetRosters, waiting } = await import("./scan-store.js");
      const { drafts } = await import("./checklist-store.js");
      const [scans, sheets] = warned ? [0, 0] : [(await waiting()).length, (await drafts()).length];
      if (scans || sheets) return warn(form, [scans && `${scans} 条签到`, sheets && `${sheets} 份考核`].filter(Boolean).join("、"));
      await forgetRosters();
    } catch { /* signing out must not depend on what the phone keeps */ }
    form.submit();
  });

  function warn(box, what) {
    warned = true;
    const words = document.createElement("p");
    words.className = "notice warn";
    words.setAttribute("role", "alert");
    words.textContent = `这台手机里还有 ${what}没有上传。请先连上网，打开“今日”，等它上传完再退出；现在退出，会留在手机里，您下次登录后自动上传。`;
    box.before(words);
    box.querySelector("button").textContent = "仍要退出";
  }
}
