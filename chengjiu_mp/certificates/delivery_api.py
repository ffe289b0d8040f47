"""JSON routes of a certificate's paper: how it shall come, and how far it is."""

from flask import Blueprint

from chengjiu_mp.certificates import delivery
from chengjiu_mp.certificates.delivery_schemas import PaperIn, PaperOut
from chengjiu_mp.certificates.errors import NotStanding
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import certificate_for
from chengjiu_mp.certificates.printing_errors import AddressMissing, PaperUnderWay
from chengjiu_mp.certificates.schemas import PictureQuery
from chengjiu_mp.certificates.showing import is_holders, seen_by
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused

blueprint = Blueprint("delivery_api", __name__, url_prefix="/api/v1")

# An address is personal data of the post's alone, as on the desk's page.
POST = ("operator",)


@route(blueprint, "GET", "/certificates/<row:certificate_id>/paper", access.PUBLIC, refusals=(NotFound,))
def paper(certificate_id: int, query: PictureQuery) -> PaperOut:
    """How the paper comes and how far it is, for its holder (by a look-up's key) and for staff in scope. The address is
    not shown again."""
    return _out(seen_by(principal(), certificate_id, query.key).certificate)


@route(
    blueprint, "PUT", "/certificates/<row:certificate_id>/paper", access.PUBLIC,
    refusals=(NotFound, NotStanding, PaperUnderWay, AddressMissing, NameRefused, PhoneRefused),
    example={"way": "pickup", "key": "…"},
)  # fmt: skip
def choose_paper(certificate_id: int, body: PaperIn) -> PaperOut:
    """Choose the way, until the paper is printed: electronic, pickup, or mail with name, phone and address. For its
    holder (by a look-up's key) and for the office that posts it."""
    who = principal()
    if is_holders(who, certificate_id, body.key):
        one, by = seen_by(who, certificate_id, body.key).certificate, None
    else:
        one, by = certificate_for(who, certificate_id, roles=POST, writing=True), who
    address = delivery.read_address(body.name, body.phone, body.address) if body.way == "mail" else None
    delivery.choose(one, body.way, address, by)
    return _out(one)


def _out(one: Certificate) -> PaperOut:
    row = delivery.delivery_of(one.id)
    if row is None or row.way == "electronic":
        return PaperOut(way="electronic", state=None, open=one.state == "issued", tracking=None, has_address=False)
    return PaperOut(
        way=row.way, state=row.state, open=one.state == "issued" and row.state == "chosen",  # type: ignore[arg-type]
        tracking=row.tracking or None, has_address=row.address_sealed is not None,
    )  # fmt: skip
