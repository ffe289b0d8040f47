"""What check-in holds of people who never said who they are: phone numbers left at the door, forgotten in time."""

from datetime import datetime

from sqlalchemy import ColumnElement, select

from chengjiu_mp.checkin.models import ProvisionalCheckIn
from chengjiu_mp.checkin.provisional import end
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun


def forget_open_before(moment: datetime, limit: int) -> int:
    """End what nobody completed, once its run ended before ``moment``; return how many."""
    ended = CourseRun.ends_at <= moment
    return _forget(ended, "过期", limit)


def forget_phone(phone_index: bytes) -> int:
    """End what waits for the holder of a phone, who asked to be forgotten; return how many."""
    return _forget(ProvisionalCheckIn.phone_index == phone_index, "本人删除", None)


def _forget(which: ColumnElement[bool], reason: str, limit: int | None) -> int:
    query = (
        select(ProvisionalCheckIn)
        .join(CourseRun, CourseRun.id == ProvisionalCheckIn.run_id)
        .where(ProvisionalCheckIn.ended_at.is_(None), which)
        .order_by(ProvisionalCheckIn.id)
    )
    rows = db.session.scalars(query.limit(limit)).all()
    for row in rows:
        end(row, reason)
    return len(rows)
