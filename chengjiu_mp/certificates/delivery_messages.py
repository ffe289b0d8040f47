"""What holders are told of their paper; no name, no number, no address: a phone may change hands."""

from sqlalchemy import select

from chengjiu_mp.certificates.delivery_models import Delivery, DeliveryStep
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.outbox.service import tell as write
from chengjiu_mp.people.models import Contact
from chengjiu_mp.people.queries import live_contacts


def waiting(kind: str) -> str:
    """Return the words that say where the paper waits."""
    return site().signed(f"您的{kind}纸质证书可以领取了，请带身份证件。时间和地点请致电 {site().help_phone}。")


def sent(kind: str, tracking: str) -> str:
    """Return the words that say that the paper is on its way."""
    return site().signed(f"您的{kind}纸质证书已寄出，运单号 {tracking}。没有收到请致电 {site().help_phone}。")


def tell(row: Delivery) -> None:
    """Tell the holder of the step that ``row`` just took."""
    one = db.session.get_one(Certificate, row.certificate_id)
    kind = db.session.scalars(select(CourseType.name).where(CourseType.id == one.course_type_id)).one()
    contacts = live_contacts(one.person_id)
    phone = None
    if contacts:
        phone = privacy.unseal(contacts[0].phone_sealed, place=Contact.PLACE, row=contacts[0].uid)
    step = db.session.scalars(
        select(DeliveryStep.id).where(DeliveryStep.delivery_id == row.id).order_by(DeliveryStep.id.desc()).limit(1)
    ).one()
    body = waiting(kind) if row.state == "waiting" else sent(kind, row.tracking)
    write(
        f"certificate.paper_{row.state}", dedupe_key=f"delivery:{row.id}:{step}", body=body, phone=phone, about=one,
        unit_id=one.owner_unit_id,
    )  # fmt: skip
