"""抽查比例: how many of the confirmed rounds are looked at again. Operators of the city set it; every version is kept.

A new share counts for what is confirmed from then on; what was picked stays picked.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotAllowed, StaleVersion
from chengjiu_mp.core.parsing import In
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.review_models import ExamPolicy
from chengjiu_mp.exams.reviewing import DEFAULT_SHARE, newest_policy
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.policy import open_units

EDITORS = ("operator",)


class ShareIn(In):
    """A new share, 0 … 1. ``based_on`` is the version it replaces, 0 for the default: one in between refuses it."""

    based_on: Annotated[int, Field(ge=0, le=2**31 - 1)]
    sample_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Share:
    """``version`` is 0 for the default that nobody has set."""

    version: int
    sample_share: float


def share_in_force() -> Share:
    """Return the share that counts now, with its version."""
    newest = newest_policy()
    return Share(0, DEFAULT_SHARE) if newest is None else Share(newest.id, newest.sample_share)


def shares() -> list[tuple[ExamPolicy, str]]:
    """Return [(version, who set it)], the newest first."""
    query = select(ExamPolicy, Account.name).outerjoin(Account, Account.id == ExamPolicy.set_by)
    return [(row[0], row[1] or "") for row in db.session.execute(query.order_by(ExamPolicy.id.desc()))]


def set_share(given: ShareIn, by: Principal) -> Share:
    """Put another share in force. The same one again changes nothing.

    :raise NotAllowed: the caller is no operator of the city; :raise StaleVersion: somebody set it in between
    """
    if open_units(by, EDITORS, writing=True) is not None:
        raise NotAllowed
    # The schemes' rows are the lock, for the first share has no row before it: two at once follow each other.
    db.session.execute(update(ExamScheme).values(version=ExamScheme.version))
    before = share_in_force()
    if before.version != given.based_on:
        raise StaleVersion(field="based_on", version=before.version)
    if before.sample_share == given.sample_share:
        return before
    row = ExamPolicy(sample_share=given.sample_share, set_by=by.account_id, set_at=clock.now())
    db.session.add(row)
    db.session.flush()
    audit.record("exam_policy.sample_set", row, before=percent(before.sample_share), after=percent(row.sample_share))
    return Share(row.id, row.sample_share)


def percent(share: float) -> str:
    """Return a share in people's words: 0.05 is 5%."""
    return f"{round(share * 100, 4):g}%"
