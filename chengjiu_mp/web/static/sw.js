// VERSION and FILES stand above: the cache is named for its content, and goes when the content changes.
const CACHE = `scan-${VERSION}`;
const PATIENCE = 2500;
const SCAN_PAGE = /^\/teach\/runs\/\d+\/scan$/;
// The checklist's list, and one sheet that stands for everybody's.
const CHECKLIST = /^\/teach\/runs\/\d+\/checklist$/;
const SHEET = /^\/teach\/runs\/\d+\/checklist\/\d+$/;
const KEPT_PAGE = /^\/teach\/runs\/\d+\/(scan|checklist(\/one)?)$/;
const sheetOf = (pathname) => pathname.replace(/\d+$/, "one");

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })))));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    // Pages opened before move along: they hold no names, and their run may be under way.
    const [fresh, names] = [await caches.open(CACHE), await caches.keys()];
    for (const name of names.filter((each) => each.startsWith("scan-") && each !== CACHE)) {
      const old = await caches.open(name);
      for (const request of await old.keys()) {
        if (KEPT_PAGE.test(new URL(request.url).pathname)) await fresh.put(request, await old.match(request));
      }
      await caches.delete(name);
    }
    // An older page may hold the base for long: nothing waits for it.
    await Promise.race([forgetPast().catch(() => {}), new Promise((resolve) => { setTimeout(resolve, 1000); })]);
    await clients.claim();
  })());
});

// Names, and the pages of a run, leave the phone on the day after its last meeting; what was not sent stays.
async function forgetPast() {
  const past = (until) => !(new Date(until) > Date.now());
  for (const name of (await caches.keys()).filter((each) => each.startsWith("scan-"))) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const page = KEPT_PAGE.test(new URL(request.url).pathname) && await cache.match(request);
      const until = page && page.headers.get("X-Kept-Until");
      if (until && past(until)) await cache.delete(request);
    }
  }
  await forgetIn("checkin", ["vault", "roster"], past);
  await forgetIn("exam", ["people"], past);
}

async function forgetIn(known, stores, past) {
  const base = await new Promise((resolve) => {
    const asked = indexedDB.open(known);
    asked.onupgradeneeded = () => asked.transaction.abort(); // there is none, and none is made
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => resolve(null);
  });
  for (const name of base ? stores.filter((each) => base.objectStoreNames.contains(each)) : []) {
    const asked = base.transaction(name, "readwrite").objectStore(name).openCursor();
    await new Promise((resolve) => {
      asked.onerror = resolve;
      asked.onsuccess = () => {
        if (!asked.result) return resolve();
        if (past(asked.result.value.until)) asked.result.delete();
        asked.result.continue();
      };
    });
  }
  base?.close();
}

// Whether the page and everything it needs is here, for the check before a day without network.
async function answer(path, port) {
  const cache = await caches.open(CACHE);
  const found = await Promise.all([path, ...FILES].map((each) => cache.match(each)));
  port.postMessage({ page: Boolean(found[0]), lacking: found.slice(1).filter((each) => !each).length });
}

// A page that was loaded before this worker came asks to be kept.
addEventListener("message", (event) => {
  if (event.data.check) event.waitUntil(answer(event.data.check, event.ports[0]));
  if (CHECKLIST.test(event.data.keep || "")) event.waitUntil(keepChecklist(event.data, event.source));
  if (!SCAN_PAGE.test(event.data.keep || "")) return;
  event.waitUntil((async () => {
    const reply = await fetch(event.data.keep).catch(() => null);
    if (!reply?.ok || reply.redirected) return;
    await (await caches.open(CACHE)).put(event.data.keep, reply);
    event.source?.postMessage({ kept: true });
  })());
});

// Asked for so, both hold nobody's name.
async function keepChecklist({ keep, one }, page) {
  const cache = await caches.open(CACHE);
  for (const [path, as] of [[keep, keep], ...(SHEET.test(one || "") ? [[one, sheetOf(one)]] : [])]) {
    const reply = await fetch(path, { headers: { "X-Kept": "1" } }).catch(() => null);
    if (!reply?.ok || reply.redirected) return;
    await cache.put(as, reply);
  }
  page?.postMessage({ kept: true });
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || request.headers.has("X-Fresh")) return;
  if (request.mode === "navigate" && pathname.startsWith("/teach/")) event.waitUntil(forgetPast().catch(() => {}));
  if (pathname.startsWith("/static/vendor/") && FILES.includes(pathname)) event.respondWith(kept(pathname).then((found) => found || fetch(request)));
  else if (FILES.includes(pathname)) event.respondWith(networkFirst(request, pathname));
  else if (SCAN_PAGE.test(pathname) || CHECKLIST.test(pathname)) event.respondWith(networkFirst(request, pathname, true));
  else if (SHEET.test(pathname)) event.respondWith(networkFirst(request, sheetOf(pathname), true));
  else if (request.mode === "navigate" && pathname.startsWith("/teach/")) event.respondWith(fetch(request).catch(fallback));
});

const kept = async (path) => (await caches.open(CACHE)).match(path);
const fallback = async () => (await kept("/teach/offline")) || Response.error();

// Fresh where the network answers in time, the kept one where it does not.
async function networkFirst(request, path, page = false) {
  const found = await kept(path);
  const asked = fetch(request);
  asked.catch(() => {});
  if (!found) return page ? asked.catch(fallback) : asked;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE, found); });
  try { return await Promise.race([asked, late]); } catch { return found; }
}
