"""The society's own emblem, put in by its staff: kept as given, never drawn by us (红十字标志使用办法 arts 13-18)."""

from collections.abc import Sequence

from sqlalchemy import select

from chengjiu_mp.certificates.template_models import CertificateEmblem
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.photos import Photo
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.core.storage import media


def add_emblem(emblem: Photo, by: Principal) -> CertificateEmblem:
    """Keep an emblem; the same one sent twice is one row."""
    values = {
        "file": media().put(emblem.data, "png"), "width": emblem.width, "height": emblem.height,
        "uploaded_at": clock.now(), "uploaded_by": by.account_id,
    }  # fmt: skip
    new = insert_into(CertificateEmblem).values(**values).on_conflict_do_nothing(index_elements=["file"])
    made = db.session.scalar(new.returning(CertificateEmblem.id))
    row = db.session.scalars(select(CertificateEmblem).where(CertificateEmblem.file == values["file"])).one()
    if made is not None:
        audit.record("emblem.uploaded", row)
    return row


def emblems() -> Sequence[CertificateEmblem]:
    """Return every emblem, the newest first."""
    return db.session.scalars(select(CertificateEmblem).order_by(CertificateEmblem.id.desc())).all()


def emblem_bytes(emblem_id: int | None) -> bytes | None:
    """Return an emblem as PNG bytes, None where there is none."""
    row = db.session.get(CertificateEmblem, emblem_id) if emblem_id else None
    return media().get(row.file) if row else None
