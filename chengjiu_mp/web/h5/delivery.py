"""领取方式: the holder says how the paper of a certificate shall come, on the page that their proved phone opened."""

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import delivery
from chengjiu_mp.certificates.delivery import Address
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.certificates import people_here

blueprint = Blueprint("paper_way", __name__)


class PaperWayPage(In):
    """The desk's form too; the three fields of an address are for the post alone."""

    way: str = Field(default="electronic", pattern="^(electronic|pickup|mail)$")
    name: str = Field(default="", max_length=100)
    phone: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=300)

    def read(self) -> Address | None:
        """Return the address for the post.

        :raise Refusal: about its fields
        """
        if self.way != "mail":
            return None
        forms.need(self, name="请填写收件人姓名。", phone="请填写收件人手机号。", address="请填写收件地址。")
        return delivery.read_address(self.name, self.phone, self.address)


@blueprint.get("/c/<row:certificate_id>/paper")
@access(PUBLIC)
def form(certificate_id: int) -> str | AnyResponse:
    """Show the choice, or how far the paper is."""
    if not people_here():
        return redirect(url_for("lookup.form"), 303)
    return _page(_mine(certificate_id), None, {})


@blueprint.post("/c/<row:certificate_id>/paper")
@access(PUBLIC)
def choose(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Keep the choice."""
    if not people_here():
        return redirect(url_for("lookup.form"), 303)
    given = PaperWayPage()
    try:
        given = from_pairs(PaperWayPage, request.form, ignore=forms.IGNORED)
        address = given.read()
        with unit_of_work():
            delivery.choose(_mine(certificate_id), given.way, address, None)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(_mine(certificate_id), given, forms.errors(refusal, "way")), refusal.kind.value
    return redirect(url_for(".form", certificate_id=certificate_id, saved=1), 303)


def _mine(certificate_id: int) -> Certificate:
    one = db.session.get(Certificate, certificate_id)
    if one is None or one.person_id not in people_here():
        raise NotFound
    return one


def _page(one: Certificate, given: PaperWayPage | None, errors: dict[str, str]) -> str:
    row = delivery.delivery_of(one.id)
    kept = delivery.address_of(row) if row else None
    if given is None:
        typed = (kept.name, kept.phone, kept.address) if kept else ("", "", "")
        given = PaperWayPage(way=row.way if row else "electronic", name=typed[0], phone=typed[1], address=typed[2])
    return render_template(
        "h5/paper_way.html", title="领取方式", back=url_for("lookup.certificate", certificate_id=one.id), one=one,
        row=row,
        states=delivery.STATES, ways=delivery.WAYS, given=given, errors=errors, saved="saved" in request.args,
        open=one.state == "issued" and (row is None or row.state == "chosen"),
    )  # fmt: skip
