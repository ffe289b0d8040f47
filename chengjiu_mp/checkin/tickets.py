"""What a scanner reads or a finger types, and whose ticket it is."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select

from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup

CODE_LENGTH = 6
_LINK = re.compile(rf"/i/([a-z2-7]{{{ids.TOKEN_LENGTH}}})(?:[/?#]|$)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\-_.·]+")

# Said by every scan, so built once; nearly all are tickets alone.
_OF_TICKETS = (
    select(Signup)
    .where(Signup.ticket_hash.in_(bindparam("hashes", expanding=True)))
    .execution_options(populate_existing=True)
)
_IN_RUN = (
    select(Signup)
    .where(
        Signup.run_id == bindparam("run"),
        or_(Signup.code.in_(bindparam("codes", expanding=True)), Signup.id.in_(bindparam("numbers", expanding=True))),
    )
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Ticket:
    """What was given: a token, a spoken code, or neither."""

    token: str | None = None
    code: str | None = None

    @property
    def readable(self) -> bool:
        return bool(self.token or self.code)


NO_TICKET = Ticket()


def read_ticket(text: str) -> Ticket:
    """Return what ``text`` holds: the ticket's link, its bare token, or its code as people type it."""
    link = _LINK.search(text)
    if link:
        return Ticket(token=link[1].lower())
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if ids.looks_like_token(plain.lower()):
        return Ticket(token=plain.lower())
    if len(plain) == CODE_LENGTH and plain.isascii() and plain.isalnum():
        return Ticket(code=plain.upper())
    return NO_TICKET


def signups_meant(run_id: int, scans: Iterable[ScanIn]) -> dict[str, Signup]:
    """Return the sign-up each nonce means, as it is now; what means nobody is left out.

    A code or a number is looked up in the run alone; a token anywhere, so that another day's ticket can be named.
    """
    read = {scan.nonce: (scan.signup_id, read_ticket(scan.ticket or "")) for scan in scans}
    hashes = [ids.token_hash(t.token) for _, t in read.values() if t.token]
    codes = [t.code for _, t in read.values() if t.code]
    numbers = [number for number, _ in read.values() if number]
    rows: list[Signup] = []
    if hashes:
        rows += db.session.scalars(_OF_TICKETS, {"hashes": hashes})
    if codes or numbers:
        rows += db.session.scalars(_IN_RUN, {"run": run_id, "codes": codes, "numbers": numbers})
    by_hash = {row.ticket_hash: row for row in rows}
    by_code = {row.code: row for row in rows if row.run_id == run_id}
    by_number = {row.id: row for row in rows if row.run_id == run_id}
    found: dict[str, Signup | None] = {}
    for nonce, (number, ticket) in read.items():
        if number:
            found[nonce] = by_number.get(number)
        else:
            found[nonce] = by_hash.get(ids.token_hash(ticket.token)) if ticket.token else by_code.get(ticket.code or "")
    return {nonce: row for nonce, row in found.items() if row is not None}
