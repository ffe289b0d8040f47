// The ticket looks again when something happened to it: checked in, moved up, certificate issued.
const box = document.querySelector("[data-ticket]");
const EVERY = 3000;

async function look() {
  if (document.hidden) return;
  try {
    const reply = await fetch(`${box.dataset.ticket}?seen=${box.dataset.seen}`, { headers: { Accept: "application/json" } });
    if (reply.ok && (await reply.json()).changed) location.replace(location.pathname);
  } catch { /* no network in the hall: the next round asks again */ }
}

if (box) {
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
