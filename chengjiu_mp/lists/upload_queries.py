"""Reads over uploads: the latest ones, one of them, its lines, and what they add up to."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import SQLColumnExpression, and_, func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.lists.models import PLANS, UnitListLine, UnitListUpload

NEWEST = 20


def uploads_of(list_id: int) -> Sequence[UnitListUpload]:
    """Return the latest uploads of a list, the newest first."""
    query = select(UnitListUpload).where(UnitListUpload.list_id == list_id)
    return db.session.scalars(query.order_by(UnitListUpload.id.desc()).limit(NEWEST)).all()


def upload_of(list_id: int, upload_id: int) -> UnitListUpload:
    """Return one upload of a list.

    :raise NotFound: when there is none
    """
    found = db.session.scalars(
        select(UnitListUpload).where(UnitListUpload.list_id == list_id, UnitListUpload.id == upload_id)
    ).first()
    if found is None:
        raise NotFound
    return found


def plans_of(upload_id: int) -> dict[str, int]:
    """Return {plan: lines} of the dry run, every plan named."""
    found = _counted(upload_id, UnitListLine.plan)
    return {word: found.get(word, 0) for word in PLANS}


def left_out_of(upload: UnitListUpload) -> list[int]:
    """Return the numbers of the lines that hold nobody, as the spreadsheet counts."""
    found: list[int] = json.loads(upload.left_out)
    return found


def counts_of(upload_id: int) -> dict[str, int]:
    """Return {outcome: lines} of what is done so far."""
    return _counted(upload_id, UnitListLine.outcome)


def _counted(upload_id: int, by: SQLColumnExpression[Any]) -> dict[str, int]:
    query = select(by, func.count()).where(UnitListLine.upload_id == upload_id, by.is_not(None)).group_by(by)
    return {str(row[0]): row[1] for row in db.session.execute(query)}


# What is taken, and yet something is said of it: somebody who was removed comes back, a proved name is kept.
_TOLD = and_(UnitListLine.plan != "fault", UnitListLine.reason != "")


def told_of(upload_id: int) -> int:
    """Return how many lines of the dry run are taken with a remark."""
    query = select(func.count()).select_from(UnitListLine).where(UnitListLine.upload_id == upload_id, _TOLD)
    return db.session.scalar(query) or 0


def lines_of(
    upload_id: int, *, plans: Sequence[str] = (), outcomes: Sequence[str] = (), told: bool = False, after: int = 0,
    size: int | None = None,
) -> Sequence[UnitListLine]:  # fmt: skip
    """Return lines of an upload in the sheet's order, behind line number ``after``; narrowed when asked.

    :param told: only what is taken with a remark
    """
    query = select(UnitListLine).where(UnitListLine.upload_id == upload_id, UnitListLine.number > after)
    if told:
        query = query.where(_TOLD)
    if plans:
        query = query.where(UnitListLine.plan.in_(plans))
    if outcomes:
        query = query.where(UnitListLine.outcome.in_(outcomes))
    return db.session.scalars(query.order_by(UnitListLine.number).limit(size)).all()
