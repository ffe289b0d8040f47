"""What a scanner reads or a finger types, and whose ticket it is."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select

from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.rows import as_read, table_of
from chengjiu_mp.courses.models import Signup

CODE_LENGTH = 6
_LINK = re.compile(rf"/i/([a-z2-7]{{{ids.TOKEN_LENGTH}}})(?:[/?#]|$)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\-_.·]+")

# Said by every scan, so built once; nearly all are tickets alone.
_SIGNUP = table_of(Signup)
_OF_TICKETS = select(_SIGNUP).where(_SIGNUP.c.ticket_hash.in_(bindparam("hashes", expanding=True)))
_IN_RUN = select(_SIGNUP).where(
    _SIGNUP.c.run_id == bindparam("run"),
    or_(
        _SIGNUP.c.code.in_(bindparam("codes", expanding=True)), _SIGNUP.c.id.in_(bindparam("numbers", expanding=True))
    ),
)  # fmt: skip


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
    """Return the sign-up each nonce means, as it is now, to look at: in no session. What means nobody is left out.

    A code or a number is looked up in the run alone; a token anywhere, so that another day's ticket can be named.
    """
    read = {scan.nonce: (scan.signup_id, read_ticket(scan.ticket or "")) for scan in scans}
    hashes = [ids.token_hash(t.token) for _, t in read.values() if t.token]
    codes = [t.code for _, t in read.values() if t.code]
    numbers = [number for number, _ in read.values() if number]
    db.session.flush()
    read_rows = list(execute(_OF_TICKETS, {"hashes": hashes})) if hashes else []
    if codes or numbers:
        read_rows += execute(_IN_RUN, {"run": run_id, "codes": codes, "numbers": numbers})
    # A ticket and its code in one upload are one sign-up.
    rows = list({row.id: as_read(Signup, row) for row in read_rows}.values())
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
