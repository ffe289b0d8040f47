// VERSION and FILES stand above: the cache is named for its content, and goes when the content changes.
// Keys and list are none of its business: the page keeps them, because it alone says how old they are.
const CACHE = `verify-${VERSION}`;
const PAGE = "/verify/offline";
const PATIENCE = 4000;
const CERTIFICATE = /^\/v\/[a-z2-7]{26}$/;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...FILES].map((file) => new Request(file, { cache: "reload" })))));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("verify-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  })());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && (pathname === PAGE || CERTIFICATE.test(pathname))) event.respondWith(networkFirst(request, PAGE));
  else if (FILES.includes(pathname)) event.respondWith(networkFirst(request, pathname));
});

// What the server says now where it answers in time, what the phone keeps where it does not.
async function networkFirst(request, path) {
  const found = await (await caches.open(CACHE)).match(path);
  const asked = fetch(request);
  if (!found) return asked;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE, found); });
  return Promise.race([asked.then((reply) => (reply.status < 500 ? reply : found), () => found), late]);
}
