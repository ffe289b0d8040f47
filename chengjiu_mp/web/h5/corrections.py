"""What the ticket's holder looks at once more: the name as it will be printed, and what was typed. No URL holds it."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.name_picture import render_name
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.fonts import installed_fonts, missing_glyphs, undrawable
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses.api import spend_correction_limits
from chengjiu_mp.courses.correcting import TO_DESK, Correction, correct, may_correct
from chengjiu_mp.courses.entry import DOC_RETYPED
from chengjiu_mp.courses.locking import roster_locks_at
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup, Syllabus
from chengjiu_mp.courses.naming import NamesChecked, confirm_name, name_stamp, names_checked
from chengjiu_mp.courses.signup_queries import phone_of, signup_by_ticket
from chengjiu_mp.people.documents import DocType, retype_sentence
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web import forms

blueprint = Blueprint("corrections", __name__)

# What can be put right: the words of its page, and the fields that are on it.
GROUPS = {
    "name": ("改姓名", ("name", "latin_surname", "latin_given")),
    "document": ("改证件", ("doc_number", "doc_type", "birth_date")),
    "phone": ("改手机号", ("phone",)),
}


class CorrectPage(In):
    """``what`` is one of GROUPS; a page holds the fields of one."""

    what: str = Field(default="", max_length=20)
    name: str = Field(default="", max_length=200)
    doc_number: str = Field(default="", max_length=100)
    doc_type: DocType | None = None
    birth_date: date | None = None
    phone: str = Field(default="", max_length=60)
    latin_surname: str = Field(default="", max_length=200)
    latin_given: str = Field(default="", max_length=200)


class NamePage(In):
    stamp: str = Field(default="", max_length=16)


@blueprint.get("/i/<token>/name.png")
@access(PUBLIC)
def picture(token: str) -> Response:
    """Draw the name as a certificate would; a character that no font has is named in words, never drawn as a box."""
    name, chain = signup_by_ticket(token).name, installed_fonts()
    end_read()
    for point in missing_glyphs(name, chain):
        name = name.replace(_char(point), "〔待补字〕")
    return Response(render_name(name, chain), mimetype="image/png")


@blueprint.post("/i/<token>/name")
@access(PUBLIC)
def confirm(token: str) -> AnyResponse:
    """Keep that the holder found the name right; one that was changed meanwhile is shown again."""
    given = from_pairs(NamePage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        right = confirm_name(signup_by_ticket(token), given.stamp)
    return redirect(url_for("tickets.ticket", token=token, kept="name" if right else None), 303)


@blueprint.get("/i/<token>/correct")
@access(PUBLIC)
def form(token: str) -> str:
    """Offer what can be put right, or one of it; after the list is final say whom to call."""
    signup = signup_by_ticket(token)
    what = request.args.get("what", "")
    if what not in GROUPS or not may_correct(signup, signup.run):
        return _choices(token, signup)
    given = CorrectPage(what=what)
    if what == "name":
        given.name, given.latin_surname, given.latin_given = (
            signup.name, signup.latin_surname or "", signup.latin_given or ""
        )  # fmt: skip
    return _page(token, signup, given, {}, None)


@blueprint.post("/i/<token>/correct")
@access(PUBLIC)
def send(token: str) -> str | AnyResponse | tuple[str, int]:
    """Put one thing right and show the ticket again; or the page again with what was typed."""
    given = CorrectPage()
    try:
        given = from_pairs(CorrectPage, request.form, ignore=forms.IGNORED)
        spend_correction_limits()
        with unit_of_work():
            outcome = correct(signup_by_ticket(token), _wish(given))
    except Refusal as refusal:
        fallback = GROUPS.get(given.what, GROUPS["name"])[1][0]
        page = _page(token, signup_by_ticket(token), given, forms.errors(refusal, fallback), refusal)
        return page, refusal.kind.value
    kept = "desk" if TO_DESK in outcome.values() else f"{given.what}-changed"
    return redirect(url_for("tickets.ticket", token=token, kept=kept), 303)


def _wish(given: CorrectPage) -> Correction:
    """Return what the page's group asks for; a field of another group says nothing."""
    fields = GROUPS[given.what][1] if given.what in GROUPS else ()
    return Correction(**{field: getattr(given, field) for field in fields})


def check_of(token: str, signup: Signup, run: CourseRun) -> dict[str, Any] | None:
    """Return what the ticket shows to be looked at once more, None when nothing can be changed there any more.

    ``open`` is False from when the list is final: what is wrong then goes over the phone. ``here`` is True from the
    check-in to the certificate: the holder confirms what will be printed, or tells the teacher in the room.
    """
    here = _to_be_printed(signup, run)
    if signup.state not in LIVE or (not here and (signup.outcome is not None or run.state != "published")):
        return None
    doc_type = DocType(db.session.get_one(Person, signup.person_id).doc_type)
    return {
        "picture": url_for("corrections.picture", token=token), "name": signup.name, "document": doc_type.label,
        "latin": signup.latin_name,
        "missing": _places(signup.name), "stamp": name_stamp(signup),
        "retyped": retype_sentence(doc_type) if DOC_RETYPED in signup.warnings else "",
        "confirmed": signup.name_confirmed_at is not None, "open": may_correct(signup, run),
        "confirm": url_for("corrections.confirm", token=token), "correct": url_for("corrections.form", token=token),
        "locks_at": roster_locks_at(run), "here": here,
    }  # fmt: skip


def _to_be_printed(signup: Signup, run: CourseRun) -> bool:
    if signup.outcome != "attended" or run.state == "cancelled" or signup.erased_at is not None:
        return False
    if db.session.get_one(Syllabus, run.syllabus_id).course_type.family == "popular":
        return False
    return db.session.scalar(select(Certificate.id).where(Certificate.signup_id == signup.id).limit(1)) is None


@blueprint.app_template_global("names_checked")
def _names_checked(run_id: int) -> NamesChecked:
    return names_checked(run_id)


def _places(name: str) -> list[int]:
    """Return which characters of a name no font draws, from 1: the phone may show them as boxes, a number it shows."""
    absent = set(map(_char, undrawable(name)))
    return [place for place, char in enumerate(name, 1) if char in absent]


def _char(point: str) -> str:
    return chr(int(point[2:], 16))


def _choices(token: str, signup: Signup) -> str:
    document = DocType(db.session.get_one(Person, signup.person_id).doc_type).label
    shown = {"name": signup.name, "document": document, "phone": mask_phone(phone_of(signup))}
    ways = [
        {"href": url_for(".form", token=token, what=what), "label": words, "note": f"现在是：{shown[what]}"}
        for what, (words, _) in GROUPS.items()
    ]
    return render_template(
        "h5/correct.html", title="改报名信息", back=url_for("tickets.ticket", token=token), ways=ways, run=signup.run,
        open=may_correct(signup, signup.run), ended=signup.state not in LIVE, locks_at=roster_locks_at(signup.run),
    )  # fmt: skip


def _page(token: str, signup: Signup, given: CorrectPage, errors: dict[str, str], refusal: Refusal | None) -> str:
    if given.what not in GROUPS:
        return _choices(token, signup)
    facts = refusal.facts if refusal else {}
    return render_template(
        "h5/correct_one.html", title=GROUPS[given.what][0], back=url_for(".form", token=token), token=token,
        given=given, errors=errors, run=signup.run, others=facts.get("alternatives", []), call=facts.get("call", ""),
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)], phone=mask_phone(phone_of(signup)),
    )  # fmt: skip
