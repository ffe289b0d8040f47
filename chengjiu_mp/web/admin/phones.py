"""换手机号: a holder who lost a phone comes to the desk with the document; nothing of it stands in an address."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import phone_desk
from chengjiu_mp.certificates.phone_desk import NewPhone
from chengjiu_mp.certificates.phone_finding import (
    DESK,
    SECOND,
    change_for,
    find_by_document,
    find_by_number,
    person_at_desk,
    waiting_changes,
)
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.certificates.queries import certificates_of_people
from chengjiu_mp.core import asking, clock, privacy
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, from_pairs
from chengjiu_mp.outbox.queries import text_of
from chengjiu_mp.people.documents import DocType, mask_document
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.people.queries import live_contacts
from chengjiu_mp.signin import codes
from chengjiu_mp.web import forms
from chengjiu_mp.web.waiting_words import waited

blueprint = Blueprint("console_phones", __name__, url_prefix="/console/phones")

STATES = {
    "sent": "等新手机的验证码",
    "proved": "等第二人确认",
    "done": "已换好",
    "refused": "没有同意",
    "dropped": "已重新开始",
}
TONES = {"sent": "warn", "proved": "warn", "done": "ok", "refused": "bad", "dropped": "plain"}


class FindPage(In):
    """One of two ways: number and name of a certificate, or a document's number."""

    way: str = Field(default="number", pattern="^(number|document)$")
    number: str = Field(default="", max_length=60)
    name: str = Field(default="", max_length=200)
    doc_number: str = Field(default="", max_length=100)
    doc_type: DocType | None = None


class ChangePage(In):
    phone: str = Field(default="", max_length=60)
    reason: str = Field(default="", max_length=200)
    birth_date: Day | None = None
    seen: bool = False


class CodePage(In):
    code: str = Field(default="", max_length=12)


class RefusePage(In):
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(roles(*SECOND))
def index() -> str:
    """Show the two ways to find the holder, and whose change waits for a second person."""
    return _find_page(FindPage(), {})


@blueprint.post("/")
@access(roles(*DESK))
def find() -> Response | tuple[str, int]:
    """Find the holder; the address that follows holds a row number alone."""
    given = FindPage()
    try:
        given = from_pairs(FindPage, request.form, ignore=forms.IGNORED)
        _need(given)
        phone_desk.spend_find(principal().account_id)
        person = _found(given)
    except Refusal as refusal:
        field = "number" if given.way == "number" else "doc_number"
        return _find_page(given, forms.errors(refusal, field)), refusal.kind.value
    return redirect(url_for(".form", person_id=person.id), 303)


def _need(given: FindPage) -> None:
    if given.way == "number":
        forms.need(given, number="请填写证书编号。", name="请填写证书上的姓名。")
    else:
        forms.need(given, doc_number="请照证件填写完整的号码。")


def _found(given: FindPage) -> Person:
    if given.way == "number":
        return find_by_number(principal(), given.number, given.name)
    return find_by_document(principal(), given.doc_number, given.doc_type)


@blueprint.get("/<row:person_id>")
@access(roles(*DESK))
def form(person_id: int) -> str:
    """Show whose phone it is, masked, and ask for the new one."""
    return _change_page(person_at_desk(principal(), person_id), ChangePage(), {})


@blueprint.post("/<row:person_id>")
@access(roles(*DESK))
def send(person_id: int) -> Response | tuple[str, int]:
    """Keep the wish and send the code to the new phone."""
    given = ChangePage()
    try:
        given = from_pairs(ChangePage, request.form, ignore=forms.IGNORED)
        change_id = _begun(person_id, given)
    except NotFound:
        raise
    except Refusal as refusal:
        page = _change_page(person_at_desk(principal(), person_id), given, forms.errors(refusal, "phone"))
        return page, refusal.kind.value
    return redirect(url_for(".code_form", change_id=change_id), 303)


def _begun(person_id: int, given: ChangePage) -> int:
    forms.need(
        given,
        phone="请填写新的手机号。",
        reason="请写明原因，至少两个字。",
        seen="请先当面看本人的证件，看过后再勾选。",
    )
    phone_desk.spend_start(person_at_desk(principal(), person_id).id, given.phone, asking.network())
    with unit_of_work():
        wish = NewPhone(given.phone, given.reason, given.seen, given.birth_date)
        return phone_desk.start(person_at_desk(principal(), person_id), wish).id


@blueprint.get("/changes/<row:change_id>")
@access(roles(*SECOND))
def code_form(change_id: int) -> str:
    """Ask for the code, or show what became of the change."""
    return _code_page(change_for(principal(), change_id), {})


@blueprint.post("/changes/<row:change_id>")
@access(roles(*DESK))
def prove(change_id: int) -> Response | tuple[str, int]:
    """Check the code that came to the new phone."""
    try:
        given = from_pairs(CodePage, request.form, ignore=forms.IGNORED)
        forms.need(given, code="请填写新手机收到的 6 位数字。")
        phone_desk.prove(change_for(principal(), change_id, DESK).id, given.code)
    except NotFound:
        raise
    except Refusal as refusal:
        return _code_page(change_for(principal(), change_id), forms.errors(refusal, "code")), refusal.kind.value
    return redirect(url_for(".code_form", change_id=change_id), 303)


@blueprint.post("/changes/<row:change_id>/<any(agree, refuse):said>")
@access(roles(*SECOND))
def decide(change_id: int, said: str) -> Response | tuple[str, int]:
    """Let the second person agree to a minor's new phone, or refuse it with a reason."""
    try:
        given = from_pairs(RefusePage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            change = change_for(principal(), change_id)
            phone_desk.decide(change, agreed=said == "agree", reason=given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _code_page(change_for(principal(), change_id), {}, refusal.sentence), refusal.kind.value
    return redirect(url_for(".code_form", change_id=change_id), 303)


def _find_page(given: FindPage, errors: dict[str, str]) -> str:
    waiting = [
        [{"text": _name(one.person_id), "href": url_for(".code_form", change_id=one.id)}, one.reason,
         waited(clock.now() - (one.proved_at or one.made_at))]
        for one in waiting_changes(principal())
    ]  # fmt: skip
    return render_template(
        "admin/phones.html", title="换手机号", given=given, errors=errors, waiting=waiting,
        may=principal().has(*DESK), doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)],
    )  # fmt: skip


def _name(person_id: int) -> str:
    """Return the name on the newest certificate, else the proved one."""
    found = certificates_of_people([person_id])
    return found[0].name if found else db.session.get_one(Person, person_id).name or "—"


def _facts(person: Person) -> list[tuple[str, str]]:
    """Return what staff compare with the document in their hand."""
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    phones = [
        mask_phone(privacy.unseal(one.phone_sealed, place=Contact.PLACE, row=one.uid))
        for one in live_contacts(person.id)
    ]
    return [
        ("姓名", _name(person.id)), ("证件", DocType(person.doc_type).label),
        ("证件号码", mask_document(number) if number else "已应本人要求删除"),
        ("登记手机", "、".join(phones) or "没有核实过的"),
    ]  # fmt: skip


def _change_page(person: Person, given: ChangePage, errors: dict[str, str]) -> str:
    return render_template(
        "admin/phone_change.html", title="换手机号", back=url_for(".index"), person=person, given=given, errors=errors,
        facts=_facts(person), asks_birth=phone_desk.birth_on_record(person) is None,
    )  # fmt: skip


def _code_page(change: PhoneChange, errors: dict[str, str], problem: str = "") -> str:
    person, caller = db.session.get_one(Person, change.person_id), principal()
    sms = text_of(codes.message_key(change.challenge)) if current_app.config["SETTINGS"].demo else None
    return render_template(
        "admin/phone_code.html", title="换手机号", back=url_for(".index"), change=change, errors=errors,
        problem=problem, facts=_facts(person), to=mask_phone(phone_desk.phone_of(change)), word=STATES[change.state],
        tone=TONES[change.state], own=change.made_by == caller.account_id, may_code=caller.has(*DESK),
        sms=sms.body if sms else "", again=url_for(".form", person_id=person.id),
    )  # fmt: skip
