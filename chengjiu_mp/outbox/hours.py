"""When a message may go out: nobody is woken by what they did not just ask for (reminders go 08:30 to 20:00)."""

from datetime import time, timedelta

from chengjiu_mp.core import clock

UNASKED = frozenset({
    "refresher.reminder", "signup.reminder", "signup.unanswered", "certificate.expiring", "checkin.reminder",
})  # fmt: skip
DAY_BEGINS, DAY_ENDS = time(8, 30), time(20, 0)


def earliest(kind: str) -> float:
    """Return from when a message of this kind may go out, epoch seconds; 0 for at once."""
    now = clock.local(clock.now())
    if kind not in UNASKED or DAY_BEGINS <= now.time() < DAY_ENDS:
        return 0.0
    day = now.date() + timedelta(days=int(now.time() >= DAY_ENDS))
    return clock.at_local(day, DAY_BEGINS.hour, DAY_BEGINS.minute).timestamp()
