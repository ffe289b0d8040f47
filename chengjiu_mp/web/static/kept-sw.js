// NAME, VERSION, FILES, PAGE, PATIENCE, ALSO and BARE stand above. The cache is named for its content, and goes when that
// changes. What a page knows of people is none of its business: that lies in the page's own storage, as keys and lists do.
const CACHE = `${NAME}-${VERSION}`;
const OTHERS = ALSO && new RegExp(ALSO);
// A bare page is fetched without cookies and holds nobody.
const asked = (path) => new Request(path, { cache: "reload", ...(BARE && { credentials: "omit", headers: { "X-Kept": "1" } }) });

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...FILES].map(asked))));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(`${NAME}-`) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  })());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  const page = pathname === PAGE || (OTHERS && request.mode === "navigate" && OTHERS.test(pathname));
  if (page || FILES.includes(pathname)) event.respondWith(networkFirst(request, page ? PAGE : pathname));
});

// What the server says now where it answers in time, what the phone keeps where it does not.
async function networkFirst(request, path) {
  const found = await (await caches.open(CACHE)).match(path, { ignoreVary: true });
  const fresh = fetch(request);
  if (!found) return fresh;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE, found); });
  return Promise.race([fresh.then((reply) => (reply.status < 500 ? reply : found), () => found), late]);
}
