"""What is kept of an upload, and for how long: the file until it was read, a day at most; its lines' cells 30 days."""

from datetime import timedelta

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.lists import uploading
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload

CELLS_LIVE = timedelta(days=30)


def due() -> list[int]:
    """Return the ids of uploads that hold something whose time has come."""
    now = clock.now()
    files = UnitListUpload.file.is_not(None) & (UnitListUpload.created_at <= now - uploading.FILE_LIVES)
    cells = UnitListUpload.shredded_at.is_(None) & (UnitListUpload.created_at <= now - CELLS_LIVE)
    return list(
        db.session.scalars(select(UnitListUpload.id).where(files | cells).order_by(UnitListUpload.id).limit(200))
    )


def shred(upload_id: int) -> None:
    """Destroy what is due of an upload; results, reasons and counts stay. Doing it twice changes nothing."""
    upload = db.session.get_one(UnitListUpload, upload_id)
    if upload.created_at <= clock.now() - uploading.FILE_LIVES:
        uploading.forget_file(upload)
    if upload.created_at > clock.now() - CELLS_LIVE or upload.shredded_at is not None:
        return
    db.session.execute(update(UnitListLine).where(UnitListLine.upload_id == upload_id).values(cells_sealed=None))
    upload.shredded_at, upload.head_sealed = clock.now(), None
    if upload.state in ("queued", "read", "enrolling"):
        # Nothing is left to enrol from.
        upload.state, upload.code, upload.reason = "refused", "file_gone", "这份文件放得太久，已经删去。请重新上传。"
    db.session.flush()
    of = db.session.get_one(UnitList, upload.list_id)
    audit.record("unit_list.shredded", of, unit_id=of.unit_id, upload=upload_id)
