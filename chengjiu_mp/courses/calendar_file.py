"""A run as a calendar file (RFC 5545) for the phone's own calendar. It names no person and opens no ticket: calendars
are shared, so the link in it is the poster's, which opens the ticket on the phone that signed up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from chengjiu_mp.core.clock import local
from chengjiu_mp.core.site import site

# Octets of a content line, without its end (RFC 5545, 3.1).
_OCTETS = 75
# No daylight saving since 1991: one observance says it all.
_ZONE = (
    "BEGIN:VTIMEZONE", "TZID:Asia/Shanghai", "BEGIN:STANDARD", "DTSTART:19910915T010000", "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800", "TZNAME:CST", "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip


@dataclass(frozen=True)
class Sitting:
    """One meeting, in its order from 1."""

    sequence: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Plan:
    """What goes into the file. ``changes`` counts how often the run was changed: calendars take the higher number."""

    run_id: int
    title: str
    place: str
    bring: str
    url: str
    changes: int
    made_at: datetime
    cancelled: bool = False


def calendar_file(plan: Plan, sittings: Sequence[Sitting]) -> bytes:
    """Return the file: an event per sitting, wall time of Asia/Shanghai, an alarm two hours ahead."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//chengjiu//chengjiu_mp//ZH-CN", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", *_ZONE]
    for one in sittings:
        lines += _event(plan, one, len(sittings))
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(plan: Plan, one: Sitting, of: int) -> Iterable[str]:
    title = plan.title if of == 1 else f"{plan.title}（第 {one.sequence} 次，共 {of} 次）"
    told = f"{plan.bring}到场出示入场码：用报名的手机打开 {plan.url} 就能看到。来不了也请在那里说一声。"
    yield from (
        "BEGIN:VEVENT", f"UID:run-{plan.run_id}-{one.sequence}@{urlsplit(site().public_url).hostname}",
        f"DTSTAMP:{plan.made_at:%Y%m%dT%H%M%SZ}", f"SEQUENCE:{plan.changes}",
        f"DTSTART;TZID=Asia/Shanghai:{local(one.starts_at):%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Asia/Shanghai:{local(one.ends_at):%Y%m%dT%H%M%S}",
        f"SUMMARY:{_text(title)}", f"LOCATION:{_text(plan.place)}", f"DESCRIPTION:{_text(told)}", f"URL:{plan.url}",
        f"STATUS:{'CANCELLED' if plan.cancelled else 'CONFIRMED'}",
    )  # fmt: skip
    if not plan.cancelled:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(title)}", "TRIGGER:-PT2H", "END:VALARM")
    yield "END:VEVENT"


def _text(words: str) -> str:
    """Escape a TEXT value (RFC 5545, 3.3.11)."""
    safe = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return safe.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> bytes:
    """Return the line in pieces of at most 75 octets, none of which ends within a character."""
    pieces, piece, room = [], b"", _OCTETS
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > room:
            pieces.append(piece)
            # The space that marks a folded line counts among its octets.
            piece, room = b"", _OCTETS - 1
        piece += octets
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
