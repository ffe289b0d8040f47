"""Paired phones that have served their time."""

from datetime import datetime

from sqlalchemy import delete, select, update

from chengjiu_mp.checkin.device_models import DeviceInvitation, PairedDevice
from chengjiu_mp.core.db import db


def forget_devices_before(moment: datetime, limit: int) -> int:
    """Forget which device a pairing that ended before ``moment`` was of, and the name typed on it, at most ``limit``;
    return how many. The row stays for the scans made with it; invitations go whole.
    """
    over = select(PairedDevice.id).where(PairedDevice.until < moment, PairedDevice.session_id.is_not(None))
    old = over.order_by(PairedDevice.id).limit(limit).scalar_subquery()
    forgotten = update(PairedDevice).where(PairedDevice.id.in_(old)).values(session_id=None, label="")
    db.session.execute(delete(DeviceInvitation).where(DeviceInvitation.expires_at < moment))
    return len(db.session.scalars(forgotten.returning(PairedDevice.id)).all())
