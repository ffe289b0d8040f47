// VERSION and FILES stand above. There is a worker only where the holder keeps the card; deleting the card takes it away.
// The page is fetched without cookies and holds nobody: the card itself lies in the page's own storage.
const CACHE = `card-${VERSION}`;
const PAGE = "/card";
const PATIENCE = 3000;

const bare = (path) => new Request(path, { cache: "reload", credentials: "omit", headers: { "X-Kept": "1" } });

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...FILES].map(bare))));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("card-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  })());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === PAGE || FILES.includes(pathname)) event.respondWith(networkFirst(request, pathname));
});

// What the server says now where it answers in time, what the phone keeps where it does not.
async function networkFirst(request, path) {
  const found = await (await caches.open(CACHE)).match(path, { ignoreVary: true });
  const asked = fetch(request);
  if (!found) return asked;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE, found); });
  return Promise.race([asked.then((reply) => (reply.status < 500 ? reply : found), () => found), late]);
}
