"""The plan of `./dev prove checkin`: who is scanned when, by which phone, and what must come of it.

It names people by number and instants by seconds after the run's begin, so that it can be carried out in any run.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

PHONES = ("one", "two")
MINUTE = 60


class Ticket(NamedTuple):
    """Whom a scan is of. ``kind``: how the person stands with the run, or what else was held into the camera."""

    number: int
    kind: str


class Scan(NamedTuple):
    """One scan: its nonce, the phone, and the seconds after the run's begin; ``meeting`` False names a stray one."""

    nonce: str
    phone: str
    ticket: Ticket
    at: int
    meeting: bool = True


@dataclass
class Planned:
    """The scans, the tickets, and by ticket the scan that must win, where somebody must be in."""

    scans: list[Scan] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    winners: dict[Ticket, Scan] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


# How many people of each kind, and who of them is refused whatever the scan says.
ONCE, TWICE, AT_ONCE, EARLY_AND_LATE, ANNULLED = 105, 50, 10, 10, 5
REFUSED = {"waitlisted": 8, "withdrawn": 7, "pending": 5, "elsewhere": 8, "unknown": 7, "poster": 5}
EARLY, STRAY = 5, 5


def planned() -> Planned:
    """Return 300 scans: people scanned once, by both phones at different times or in the same second, too early and
    again, after an annulled check-in; and what is refused: other states, another run, no ticket, a stray meeting.
    """
    plan = Planned()
    for number in range(ONCE):
        _scan(plan, _person(plan, "seated"), PHONES[number % 2], number * 20)
    for number in range(TWICE):
        who = _person(plan, "offered" if number % 10 == 0 else "seated")
        _scan(plan, who, PHONES[number % 2], number * 30)
        _scan(plan, who, PHONES[(number + 1) % 2], number * 30 + 7 * MINUTE)
    for number in range(AT_ONCE):
        who = _person(plan, "seated")
        for phone in PHONES:
            _scan(plan, who, phone, number * 40)
    for number in range(EARLY_AND_LATE):
        who = _person(plan, "seated")
        _scan(plan, who, PHONES[number % 2], -40 * MINUTE, refused=True)
        _scan(plan, who, PHONES[(number + 1) % 2], 5 * MINUTE + number)
    for number in range(ANNULLED):
        _scan(plan, _person(plan, "annulled"), PHONES[number % 2], 10 * MINUTE + number)
    _refusals(plan)
    return plan


def _refusals(plan: Planned) -> None:
    for kind, count in REFUSED.items():
        for number in range(count):
            _scan(plan, _person(plan, kind), PHONES[number % 2], 3 * MINUTE + number, refused=True)
    for number in range(EARLY):
        _scan(plan, _person(plan, "seated"), PHONES[number % 2], -35 * MINUTE, refused=True)
    for number in range(STRAY):
        _scan(plan, _person(plan, "seated"), PHONES[number % 2], 4 * MINUTE, refused=True, meeting=False)


def _person(plan: Planned, kind: str) -> Ticket:
    plan.tickets.append(Ticket(len(plan.tickets), kind))
    return plan.tickets[-1]


def _scan(plan: Planned, who: Ticket, phone: str, at: int, *, refused: bool = False, meeting: bool = True) -> None:
    # The order of nonces is not that of the phones or of the scans.
    scan = Scan(f"{len(plan.scans) * 7919 % 1009:04d}-{phone}", phone, who, at, meeting)
    plan.scans.append(scan)
    if refused:
        plan.refused.add(scan.nonce)
    else:
        before = plan.winners.get(who)
        plan.winners[who] = min((before, scan), key=lambda one: (one.at, one.nonce)) if before else scan
