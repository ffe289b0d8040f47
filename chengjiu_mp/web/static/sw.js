// VERSION and FILES stand above: the cache is named for its content, and goes when the content changes.
const CACHE = `scan-${VERSION}`;
const PATIENCE = 2500;
const SCAN_PAGE = /^\/teach\/runs\/\d+\/scan$/;

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
        if (SCAN_PAGE.test(new URL(request.url).pathname)) await fresh.put(request, await old.match(request));
      }
      await caches.delete(name);
    }
    await clients.claim();
  })());
});

// A page that was loaded before this worker came asks to be kept.
addEventListener("message", (event) => {
  if (!SCAN_PAGE.test(event.data.keep || "")) return;
  event.waitUntil((async () => {
    const reply = await fetch(event.data.keep).catch(() => null);
    if (!reply?.ok || reply.redirected) return;
    await (await caches.open(CACHE)).put(event.data.keep, reply);
    event.source?.postMessage({ kept: true });
  })());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || request.headers.has("X-Fresh")) return;
  if (pathname.startsWith("/static/vendor/") && FILES.includes(pathname)) event.respondWith(kept(pathname).then((found) => found || fetch(request)));
  else if (FILES.includes(pathname)) event.respondWith(networkFirst(request, pathname));
  else if (SCAN_PAGE.test(pathname)) event.respondWith(networkFirst(request, pathname, true));
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
