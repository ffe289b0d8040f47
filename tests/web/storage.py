"""What a finder of the phone can read: all that a browser stores for the site, as text."""

from playwright.sync_api import Page

_DUMP = """async () => {
    const seen = (value) => {
        if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
            const bytes = new Uint8Array(value.buffer || value);
            const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
            return { bytes: bytes.length, hex, utf8: new TextDecoder().decode(bytes) };
        }
        if (Array.isArray(value)) return value.map(seen);
        if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, seen(v)]));
        return value;
    };
    const bases = {};
    for (const { name } of await indexedDB.databases()) {
        const base = await new Promise((done, failed) => {
            const asked = indexedDB.open(name);
            asked.onsuccess = () => done(asked.result);
            asked.onerror = () => failed(asked.error);
        });
        bases[name] = {};
        for (const store of base.objectStoreNames) {
            bases[name][store] = seen(await new Promise((done) => {
                const asked = base.transaction(store).objectStore(store).getAll();
                asked.onsuccess = () => done(asked.result);
            }));
        }
        base.close();
    }
    const kept = {};
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const one of await cache.keys()) {
            const { pathname } = new URL(one.url);
            const reply = await cache.match(one);
            kept[pathname] = pathname.includes("/vendor/") ? "" : [...reply.headers].join("\\n") + await reply.text();
        }
    }
    return { bases, kept, local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie };
}"""


def stored(page: Page) -> dict:
    """Return {bases: {name: {store: records}}, kept: {path: headers and body}, local, session, cookies}."""
    found: dict = page.evaluate(_DUMP)
    return found
