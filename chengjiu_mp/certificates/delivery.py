"""电子, 自取 or 邮寄: who chooses, how far the paper is, and an address that lives no longer than it serves.

Chosen → printed → waiting → collected, or chosen → printed → sent → delivered. Each step says when and by whom, and can
be taken back with a reason. The row's own state judges two at once.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, update

from chengjiu_mp.certificates import delivery_messages
from chengjiu_mp.certificates.delivery_models import Delivery, DeliveryStep
from chengjiu_mp.certificates.errors import NotStanding
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.printing_errors import (
    AddressMissing,
    NothingToUndo,
    NotThatStep,
    PaperStale,
    PaperUnderWay,
    TrackingMissing,
)
from chengjiu_mp.certificates.printing_models import CertificatePrint
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_new
from chengjiu_mp.people.names import read_name
from chengjiu_mp.people.phones import mask_phone, read_phone

WAYS = {"electronic": "电子", "pickup": "自取", "mail": "邮寄"}
STATES = {
    "chosen": "待打印", "printed": "已打印", "waiting": "待领取", "sent": "已寄出", "collected": "已领取",
    "delivered": "已送达",
}  # fmt: skip
# From which states each step may be taken, by way.
_FROM = {
    ("pickup", "waiting"): ("printed",), ("pickup", "collected"): ("printed", "waiting"),
    ("mail", "sent"): ("printed",), ("mail", "delivered"): ("sent",),
}  # fmt: skip
_ENDS = ("collected", "delivered")
ADDRESS_LIVES = timedelta(days=30)
_TRACKING = re.compile(r"[A-Za-z0-9-]{5,40}")


@dataclass(frozen=True)
class Address:
    """Who the post asks for: a name, a phone that rings, and where."""

    name: str
    phone: str
    address: str


def delivery_of(certificate_id: int) -> Delivery | None:
    """Return a certificate's way; None is electronic alone."""
    return db.session.scalars(select(Delivery).where(Delivery.certificate_id == certificate_id)).first()


def choose(certificate: Certificate, way: str, address: Address | None, by: Principal | None) -> Delivery:
    """Choose the way of one certificate, until its paper is printed; an address that is no longer needed goes at once.

    :param address: for the post alone, read by :func:`read_address`; :param by: None when the holder chooses
    :raise NotStanding: it is revoked; :raise PaperUnderWay: too late; :raise AddressMissing: by post to nowhere
    """
    if certificate.state != "issued":
        raise NotStanding
    if way == "mail" and address is None:
        raise AddressMissing(field="address")
    _begin(certificate.id, by)
    row = _held(certificate.id)
    if row.state != "chosen":
        raise PaperUnderWay
    row.way, row.address_sealed = way, _sealed(row, address) if way == "mail" and address else None
    row.chosen_at, row.chosen_by = clock.now(), by.account_id if by else None
    db.session.flush()
    audit.record("certificate.way_chosen", certificate, unit_id=certificate.owner_unit_id, way=way)
    return row


def choose_for_all(certificates: Iterable[Certificate], way: str, by: Principal) -> int:
    """Let those of whom nobody chose yet be electronic or fetched; return how many."""
    fresh = 0
    for one in certificates:
        if one.state == "issued" and _begin(one.id, by, way):
            fresh += 1
            audit.record("certificate.way_chosen", one, unit_id=one.owner_unit_id, way=way)
    return fresh


def _begin(certificate_id: int, by: Principal | None, way: str = "electronic") -> bool:
    added = insert_new(
        Delivery, ("certificate_id",), uid=ids.new_uid(), certificate_id=certificate_id, way=way, state="chosen",
        tracking="", chosen_at=clock.now(), chosen_by=by.account_id if by else None,
    )  # fmt: skip
    return added is not None


def _held(certificate_id: int) -> Delivery:
    """The row, locked: two steps at once follow each other."""
    mine = update(Delivery).where(Delivery.certificate_id == certificate_id).values(uid=Delivery.uid)
    found = db.session.scalar(mine.returning(Delivery.id))
    if found is None:
        raise NotThatStep
    return db.session.get_one(Delivery, found, populate_existing=True)


def read_address(name: str, phone: str, address: str) -> Address:
    """Return an address that was typed; what is wrong is said at its field.

    :raise NameRefused, PhoneRefused, AddressMissing
    """
    where = " ".join(address.split())[:200]
    read = Address(read_name(name).name, read_phone(phone).number, where)
    if len(where) < 6:
        raise AddressMissing("请写完整的收件地址：区、街道、小区或路名、门牌号。", field="address")
    return read


def _sealed(row: Delivery, address: Address) -> bytes:
    text = json.dumps([address.name, address.phone, address.address], ensure_ascii=False)
    return privacy.seal(text, place=Delivery.PLACE, row=row.uid)


def address_of(row: Delivery) -> Address | None:
    """Return where it goes, None where no address is kept."""
    if row.address_sealed is None:
        return None
    return Address(*json.loads(privacy.unseal(row.address_sealed, place=Delivery.PLACE, row=row.uid)))


def paper_is_there(certificate_id: int, by: Principal) -> None:
    """Move on what waited for its print, and bring back what was handed out under a name since corrected."""
    row = delivery_of(certificate_id)
    if row is not None and _stands(certificate_id) and row.way != "electronic":
        row = _held(certificate_id)
        if row.state != "printed":
            _step(row, "printed", by)


def advance(certificate_id: int, to: str, by: Principal, *, tracking: str = "") -> Delivery:
    """Take the next step. The holder is told when the paper waits for them or is on its way.

    :raise NotThatStep: it does not follow; :raise TrackingMissing; :raise AddressMissing: nowhere to send it
    :raise PaperStale: the name on it has been corrected since; :raise NotStanding: it was revoked or voided
    """
    row = _held(certificate_id)
    # What is under way already arrives, whatever became of it.
    if to != "delivered" and not _stands(certificate_id):
        raise NotStanding
    if row.state not in _FROM.get((row.way, to), ()):
        raise NotThatStep
    if to != "delivered" and _is_stale(certificate_id):
        raise PaperStale
    if to == "sent":
        if row.address_sealed is None:
            raise AddressMissing
        if not _TRACKING.fullmatch(tracking.strip()):
            raise TrackingMissing(field="tracking")
        row.tracking, row.sent_at = tracking.strip(), clock.now()
    _step(row, to, by)
    if to in ("waiting", "sent"):
        delivery_messages.tell(row)
    return row


def follow(old: Certificate, new: Certificate) -> None:
    """Let the certificate that was issued instead of a spoiled one go the way that was chosen, from its print on."""
    moved = update(Delivery).where(Delivery.certificate_id == old.id)
    fresh = moved.values(certificate_id=new.id, state="chosen", tracking="", sent_at=None)
    db.session.execute(fresh.execution_options(synchronize_session="fetch"))


def _stands(certificate_id: int) -> bool:
    return db.session.scalar(select(Certificate.state).where(Certificate.id == certificate_id)) == "issued"


def _is_stale(certificate_id: int) -> bool:
    printed = select(func.max(CertificatePrint.version)).where(CertificatePrint.certificate_id == certificate_id)
    newest = select(func.max(CertificateVersion.version)).where(CertificateVersion.certificate_id == certificate_id)
    return bool(db.session.scalar(select(printed.scalar_subquery() < newest.scalar_subquery())))


def _step(row: Delivery, to: str, by: Principal) -> None:
    step = DeliveryStep(delivery_id=row.id, was=row.state, became=to, at=clock.now(), by=by.account_id)
    row.state = to
    if to in _ENDS:
        row.address_sealed = None
    db.session.add(step)
    db.session.flush()
    of = db.session.get_one(Certificate, row.certificate_id)
    audit.record("certificate.paper_moved", of, unit_id=of.owner_unit_id, was=step.was, became=to)


def undo(certificate_id: int, reason: str, by: Principal) -> Delivery:
    """Take the last step back; an address that is gone stays gone.

    :raise ReasonMissing: fewer than two characters; :raise NothingToUndo
    """
    reason = reason_given(reason)
    row = _held(certificate_id)
    stands = (DeliveryStep.delivery_id == row.id, DeliveryStep.undone_at.is_(None))
    last = db.session.scalars(select(DeliveryStep).where(*stands).order_by(DeliveryStep.id.desc()).limit(1)).first()
    if last is None or last.became != row.state:
        raise NothingToUndo
    last.undone_at, last.undone_by, last.reason = clock.now(), by.account_id, reason
    row.state = last.was
    if last.became == "sent":
        row.tracking, row.sent_at = "", None
    db.session.flush()
    of = db.session.get_one(Certificate, row.certificate_id)
    audit.record(
        "certificate.paper_undone", of, unit_id=of.owner_unit_id, was=last.became, became=last.was, reason=reason
    )
    return row


def due_to_forget() -> list[int]:
    """Return deliveries whose address has served: sent thirty days ago, or of a certificate that stands no more."""
    late = Delivery.sent_at <= clock.now() - ADDRESS_LIVES
    gone = exists().where(Certificate.id == Delivery.certificate_id, Certificate.state != "issued")
    return list(db.session.scalars(select(Delivery.id).where(_kept(), late | gone).limit(200)))


def forget(delivery_id: int) -> None:
    """Delete an address; twice changes nothing."""
    db.session.execute(update(Delivery).where(Delivery.id == delivery_id).values(address_sealed=None))


def forget_addresses_of(person_id: int) -> int:
    """Delete the addresses of one who wants to be forgotten, whatever state their paper is in."""
    mine = select(Certificate.id).where(Certificate.person_id == person_id)
    held = update(Delivery).where(Delivery.certificate_id.in_(mine), _kept()).values(address_sealed=None)
    return len(db.session.scalars(held.returning(Delivery.id)).all())


def _kept() -> ColumnElement[bool]:
    return Delivery.address_sealed.is_not(None)


def export_person(person_id: int, *, whole: bool) -> list[dict[str, Any]]:
    """Return a person's ways and the addresses still kept, for the person; the phone masked."""
    if not whole:
        return []
    mine = select(Certificate.number, Delivery).join(Delivery, Delivery.certificate_id == Certificate.id)
    found = db.session.execute(mine.where(Certificate.person_id == person_id).order_by(Certificate.id))
    return [
        {
            "number": number, "way": WAYS[row.way], "state": STATES[row.state] if row.way != "electronic" else "",
            "chosen_at": row.chosen_at, "recipient": to.name if to else None, "address": to.address if to else None,
            "phone": mask_phone(to.phone) if to else None,
        }
        for number, row, to in ((number, row, address_of(row)) for number, row in found)
    ]  # fmt: skip


def steps_of(delivery_id: int) -> list[DeliveryStep]:
    """Return all steps, the newest first; those taken back too."""
    steps = select(DeliveryStep).where(DeliveryStep.delivery_id == delivery_id)
    return list(db.session.scalars(steps.order_by(DeliveryStep.id.desc())))


def counts(holds: ColumnElement[bool]) -> dict[tuple[str, str], int]:
    """Return {(way, state): how many} of the certificates that ``holds``."""
    found = select(Delivery.way, Delivery.state, func.count()).join(
        Certificate, Certificate.id == Delivery.certificate_id
    )
    return {
        (way, state): number
        for way, state, number in db.session.execute(found.where(holds).group_by(Delivery.way, Delivery.state))
    }
