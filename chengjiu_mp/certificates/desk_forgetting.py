"""What the desk keeps of people beside their certificates, let go of: phones on their way, names that were asked for,
and what stands for them in files that were handed over.

A printed name stays with its certificate; one that was refused belongs to nobody.
"""

from datetime import datetime

from sqlalchemy import Update, or_, select, update

from chengjiu_mp.certificates.handover import forget_handed
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.people.name_display import ERASED_NAME

_NO_PHONE = {"state": "dropped", "phone_sealed": b"", "phone_index": b""}
_NO_NAME = {"new_name": ERASED_NAME, "note": ""}
GONE = "本人已要求删除资料。"


def forget_desk_of(person_id: int) -> None:
    """End what is under way of one who wants to be forgotten, and let go of what was refused before.

    The caller holds the person's row: a change of phone takes it first, too, and is over before this or finds it
    dropped.
    """
    mine = PhoneChange.person_id == person_id
    db.session.execute(update(PhoneChange).where(mine, PhoneChange.state.in_(("sent", "proved"))).values(**_NO_PHONE))
    of = CertificateRequest.certificate_id.in_(select(Certificate.id).where(Certificate.person_id == person_id))
    open_ = update(CertificateRequest).where(
        of, CertificateRequest.kind == "name", CertificateRequest.state.in_(("asked", "proposed"))
    )
    ended = open_.values(state="refused", decided_at=clock.now(), decision=GONE, **_NO_NAME)
    for row in db.session.scalars(ended.returning(CertificateRequest)).all():
        unit = db.session.get_one(Certificate, row.certificate_id).owner_unit_id
        audit.record("certificate.change_refused", row, unit_id=unit, kind=row.kind, reason=GONE)
    db.session.execute(_nameless().where(of))
    forget_handed(person_id)


def forget_changes_before(sent: datetime, proved: datetime, limit: int) -> int:
    """Drop changes of phone whose code nobody answered since ``sent``, and which no second person decided since
    ``proved``; return how many.
    """
    stale = or_(
        (PhoneChange.state == "sent") & (PhoneChange.made_at < sent),
        (PhoneChange.state == "proved") & (PhoneChange.made_at < proved),
    )
    some = select(PhoneChange.id).where(stale).order_by(PhoneChange.id).limit(limit)
    dropped = update(PhoneChange).where(PhoneChange.id.in_(some), stale).values(**_NO_PHONE)
    return len(db.session.scalars(dropped.returning(PhoneChange.id)).all())


def forget_refused_before(moment: datetime, limit: int) -> int:
    """Let go of names that were refused before ``moment``, with the holder's own words; return how many."""
    kept = or_(CertificateRequest.new_name != ERASED_NAME, CertificateRequest.note != "")
    some = select(CertificateRequest.id).where(
        CertificateRequest.kind == "name", CertificateRequest.state == "refused",
        CertificateRequest.decided_at < moment, kept,
    )  # fmt: skip
    gone = _nameless().where(CertificateRequest.id.in_(some.order_by(CertificateRequest.id).limit(limit)))
    return len(db.session.scalars(gone.returning(CertificateRequest.id)).all())


def _nameless() -> Update:
    mine = update(CertificateRequest).where(CertificateRequest.kind == "name", CertificateRequest.state == "refused")
    return mine.values(**_NO_NAME)
