// A database of the phone, opened once for the page. Where there is none (a private window), reading finds nothing and
// writing says so: what is kept then lives as long as the page does.
const LATE = 3000;

// upgrade(base): makes the stores of this version
export function phoneBase(known, version, upgrade) {
  let late = null;
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open(known, version);
    asked.onupgradeneeded = () => upgrade(asked.result);
    asked.onsuccess = () => {
      late = asked.result;
      late.onversionchange = () => late.close();
      resolve(late);
    };
    // An older page in another tab may hold the base: until it goes, this page remembers by itself.
    asked.onblocked = () => resolve(null);
    setTimeout(resolve, LATE, null);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => {});

  // {result} once it is written, null where there is no base.
  async function within(name, mode, work) {
    let base;
    try { base = (await opened) || late; } catch { /* none */ }
    if (!base) return null;
    return new Promise((resolve, reject) => {
      const step = base.transaction(name, mode);
      const asked = work(step.objectStore(name));
      step.oncomplete = () => resolve({ result: asked?.result });
      step.onerror = step.onabort = () => reject(step.error);
    });
  }

  const read = async (name, work) => (await within(name, "readonly", work).catch(() => null))?.result;
  const write = (name, work) => within(name, "readwrite", work).catch(() => null);

  // Every record of a store that is gone(record) is deleted, by its key.
  async function forget(name, gone) {
    for (const record of (await read(name, (store) => store.getAll())) || []) {
      if (gone(record)) await write(name, (store) => store.delete(record[store.keyPath]));
    }
  }

  return { within, read, write, forget };
}
