"""What a scanner reads or a finger types, and whose ticket it is."""

import hashlib
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
    """What was given: a token (or only its hash), a spoken code, or none of them."""

    token: str | None = None
    code: str | None = None
    key: bytes | None = None

    @property
    def readable(self) -> bool:
        return bool(self.token or self.code)

    @property
    def hash(self) -> bytes | None:
        return ids.token_hash(self.token) if self.token else self.key


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


def spoken_key(run_id: int, code: str) -> bytes:
    """Return what stands for a spoken code where the code itself must not: SHA-256 of "<run id>:<CODE>"."""
    return hashlib.sha256(f"{run_id}:{code}".encode()).digest()


def _read(run_id: int, scans: Iterable[ScanIn]) -> dict[str, tuple[int | None, Ticket]]:
    """Return the number or the ticket of each nonce; what hides a code of this run is taken for that code."""
    scans = list(scans)
    codes = {}
    if any(scan.ticket_key for scan in scans):
        of_run = db.session.scalars(select(Signup.code).where(Signup.run_id == run_id))
        codes = {spoken_key(run_id, code): code for code in of_run}
    read = {}
    for scan in scans:
        key = bytes.fromhex(scan.ticket_key or "")
        ticket = Ticket(code=codes.get(key), key=key) if key else read_ticket(scan.ticket or "")
        read[scan.nonce] = (scan.signup_id, ticket)
    return read


def signups_meant(run_id: int, scans: Iterable[ScanIn]) -> dict[str, Signup]:
    """Return the sign-up each nonce means, as it is now, to look at: in no session. What means nobody is left out.

    A code or a number is looked up in the run alone; a token anywhere, so that another day's ticket can be named.
    """
    read = _read(run_id, scans)
    hashes = [t.hash for _, t in read.values() if t.hash]
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
            found[nonce] = by_hash.get(ticket.hash or b"") or by_code.get(ticket.code or "")
    return {nonce: row for nonce, row in found.items() if row is not None}
