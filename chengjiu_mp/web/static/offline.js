// Where a page was asked for that this phone has not kept: the runs whose scan page it has, to go on with. Who opens the
// page from the home screen in a hall without network comes here.
const box = document.querySelector("[data-kept-runs]");
const SCAN_PAGE = /^\/teach\/runs\/\d+\/scan$/;

async function keptPages() {
  const found = new Map();
  for (const name of (await globalThis.caches?.keys()) || []) {
    const cache = await caches.open(name);
    for (const request of name.startsWith("scan-") ? await cache.keys() : []) {
      const { pathname } = new URL(request.url);
      if (SCAN_PAGE.test(pathname)) found.set(pathname, await cache.match(request));
    }
  }
  return [...found].filter(([, reply]) => !(new Date(reply.headers.get("X-Kept-Until")) <= Date.now()));
}

const list = box.querySelector("ul");
const [line] = list.children;
line.remove();
for (const [path, reply] of await keptPages()) {
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const [item, title, when] = [line.cloneNode(true), page.querySelector(".scan-run b"), page.querySelector(".scan-run .small")];
  item.querySelector("a").href = path;
  item.querySelector("[data-title]").textContent = title?.textContent || "扫码签到";
  item.querySelector("small").textContent = when?.textContent || "";
  list.append(item);
}
box.hidden = !list.children.length;
document.body.dataset.listed = list.children.length;
