"""What check-in holds of people for a time: phone numbers left at the door by who never said who they are, and paired
phones.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from chengjiu_mp.checkin.device_models import DeviceInvitation, PairedDevice
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


def forget_devices_before(moment: datetime, limit: int) -> int:
    """Forget which device a pairing that ended before ``moment`` was of, and the name typed on it, at most ``limit``;
    return how many. The row stays for the scans made with it; invitations go whole.
    """
    over = select(PairedDevice.id).where(PairedDevice.until < moment, PairedDevice.session_id.is_not(None))
    old = over.order_by(PairedDevice.id).limit(limit).scalar_subquery()
    forgotten = update(PairedDevice).where(PairedDevice.id.in_(old)).values(session_id=None, label="")
    db.session.execute(delete(DeviceInvitation).where(DeviceInvitation.expires_at < moment))
    return len(db.session.scalars(forgotten.returning(PairedDevice.id)).all())
