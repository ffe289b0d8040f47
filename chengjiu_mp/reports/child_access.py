"""Who among staff saw full numbers of minors, and why: a calendar year's list, looked over by somebody else.

Source: 未成年人网络保护条例 art. 36 and 37 (staff access is logged; a yearly audit, told by the end of each January);
it protects everybody under 18, by the age on the day of the sign-up, for no birth date is kept.
Numbers of people are masked everywhere; two ways show them whole. The call list asks for a reason and writes a row for
each number. A unit's result file gives back to who uploaded a sheet what they had typed themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, or_, select

from chengjiu_mp.core import audit, clock, spreadsheet
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.day_words import day_time_long
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.entry import MINOR
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists.models import UnitListLine, UnitListRow
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.outbox.wording import word_of
from chengjiu_mp.reports.errors import AccessesChanged, OwnAccesses
from chengjiu_mp.signin.models import Account

CALLED, TAKEN, REVIEWED = "message.revealed", "unit_list.result_taken", "child_accesses.reviewed"
TAKEN_REASON = "取回自己上传的名单结果"
_COLUMNS = ("时间", "谁", "为什么", "看了什么", "审计编号")


@dataclass(frozen=True)
class Access:
    """One look: by which account, why, and at what in words; ``id`` is the audit entry's."""

    id: int
    at: datetime
    account_id: int | None
    name: str
    reason: str
    what: str


@dataclass(frozen=True)
class Review:
    """That somebody looked a year over: when, and how many accesses there were then."""

    at: datetime
    name: str
    accesses: int
    note: str


def accesses_in(year: int) -> list[Access]:
    """Return a calendar year's accesses (Jiangyin's calendar), the oldest first."""
    entries = (
        select(AuditEntry, Account.name, Message.kind)
        .outerjoin(Account, Account.id == AuditEntry.actor_id)
        .outerjoin(Message, and_(AuditEntry.action == CALLED, Message.id == AuditEntry.object_id))
        .where(_within(year), or_(_of_a_child(), _with_children()))
        .order_by(AuditEntry.id)
    )
    return [
        Access(
            entry.id, entry.at, entry.actor_id, name or "系统", str(entry.facts.get("reason") or TAKEN_REASON),
            f"电话号码（{word_of(kind)}）" if kind else "名单结果表",
        )
        for entry, name, kind in db.session.execute(entries)
    ]  # fmt: skip


def counted(accesses: Sequence[Access]) -> list[tuple[str, str, int]]:
    """Return (who, why, how often), the most frequent first."""
    found = Counter((one.name, one.reason) for one in accesses)
    return [(name, reason, many) for (name, reason), many in sorted(found.items(), key=lambda one: (-one[1], one[0]))]


def reviews_of(year: int) -> list[Review]:
    """Return who looked the year over, the newest first."""
    query = (
        select(AuditEntry, Account.name)
        .join(Account, Account.id == AuditEntry.actor_id)
        .where(AuditEntry.action == REVIEWED, AuditEntry.facts["year"].as_integer() == year)
        .order_by(AuditEntry.id.desc())
    )
    return [
        Review(entry.at, name, int(entry.facts["accesses"]), str(entry.facts.get("note", "")))
        for entry, name in db.session.execute(query)
    ]


def mark_reviewed(year: int, who: Principal, *, seen: int, note: str = "") -> None:
    """Write down that the caller looked a year's list over.

    :param seen: how many accesses were shown to them
    :raise OwnAccesses: when one of them is the caller's own; :raise AccessesChanged: when there are others by now
    """
    found = accesses_in(year)
    if any(one.account_id == who.account_id for one in found):
        raise OwnAccesses
    if len(found) != seen:
        raise AccessesChanged
    about = db.session.get_one(Account, who.account_id)
    audit.record("child_accesses.reviewed", about, year=year, accesses=seen, note=note.strip()[:200])


def sheet_of(year: int, accesses: Sequence[Access]) -> bytes:
    """Return the list as an xlsx; it holds staff's names and no child's."""
    rows = [(day_time_long(one.at), one.name, one.reason, one.what, one.id) for one in accesses]
    return spreadsheet.write("查看记录", _COLUMNS, rows, above=f"{year}年查看未成年人完整信息的记录")


def _within(year: int) -> ColumnElement[bool]:
    begin, end = clock.at_local(date(year, 1, 1)), clock.at_local(date(year + 1, 1, 1))
    return and_(AuditEntry.at >= begin, AuditEntry.at < end)


def _of_a_child() -> ColumnElement[bool]:
    """A number on the call list: the message is about a minor's sign-up."""
    child = exists().where(Message.subject_type == Signup.__tablename__, Message.subject_id == Signup.id, _minor())
    return and_(AuditEntry.action == CALLED, child.correlate(Message))


def _minor() -> ColumnElement[bool]:
    return cast(Signup.warnings, String).contains(f'"{MINOR}"')


def _with_children() -> ColumnElement[bool]:
    """A result file with whole numbers: one of its lines is a minor's place, or was refused for the child's age."""
    of_file = UnitListLine.upload_id == AuditEntry.facts["upload"].as_integer()
    refused = exists().where(of_file, UnitListLine.code.in_(("guardian_required", "too_young")))
    taken = exists().where(
        of_file, UnitListRow.id == UnitListLine.row_id, Signup.id == UnitListRow.signup_id, _minor()
    )  # fmt: skip
    child = or_(refused.correlate(AuditEntry), taken.correlate(AuditEntry))
    whole = AuditEntry.facts["whole"].as_boolean()
    return and_(AuditEntry.action == TAKEN, whole, child)
