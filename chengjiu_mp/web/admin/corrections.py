"""Putting a sign-up right for somebody who called: after the list is final, or without a ticket at hand."""

from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses.correcting import TO_DESK, Correction, correct
from chengjiu_mp.courses.errors import CorrectionUnexplained
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.policy import ON_BEHALF, run_for, signups_visible_to
from chengjiu_mp.courses.signup_queries import phone_of, signup_in
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web import forms

blueprint = Blueprint("console_corrections", __name__, url_prefix="/console/runs")


class CorrectionPage(In):
    """What is left empty stays as it is."""

    name: str | None = Field(default=None, max_length=200)
    doc_number: str | None = Field(default=None, max_length=100)
    doc_type: DocType | None = None
    birth_date: date | None = None
    phone: str | None = Field(default=None, max_length=60)
    latin_surname: str | None = Field(default=None, max_length=200)
    latin_given: str | None = Field(default=None, max_length=200)
    reason: str = Field(default="", max_length=200)


@blueprint.get("/<row:run_id>/signups/<row:signup_id>/correct")
@access(roles(*ON_BEHALF))
def form(run_id: int, signup_id: int) -> str:
    """Show the form, empty: what is not filled in stays."""
    return _page(_signup(run_id, signup_id), CorrectionPage(), {})


@blueprint.post("/<row:run_id>/signups/<row:signup_id>/correct")
@access(roles(*ON_BEHALF))
def send(run_id: int, signup_id: int) -> str | Response | tuple[str, int]:
    """Put it right, and say so on the page when a part of it was proved before and stays."""
    given = CorrectionPage()
    try:
        given = from_pairs(CorrectionPage, request.form, ignore=forms.IGNORED)
        kept = _put_right(run_id, signup_id, given)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(_signup(run_id, signup_id), given, forms.errors(refusal, "name")), refusal.kind.value
    if kept:
        return _page(_signup(run_id, signup_id), CorrectionPage(), {}, kept=kept)
    return redirect(url_for("console_runs.show", run_id=run_id), 303)


def _put_right(run_id: int, signup_id: int, given: CorrectionPage) -> list[str]:
    """Return what was proved before and stays."""
    if not given.reason.strip():
        raise CorrectionUnexplained(field="reason")
    wish = Correction(**given.model_dump(exclude={"reason"}))
    with unit_of_work():
        outcome = correct(_signup(run_id, signup_id), wish, reason=given.reason.strip())
    return [what for what, word in outcome.items() if word == TO_DESK]


def _signup(run_id: int, signup_id: int) -> Signup:
    """Return the sign-up where the caller may act for people.

    :raise NotFound: missing, of another run, or out of reach
    """
    caller = context.principal()
    grants = tuple(g for g in caller.grants if g.role in ON_BEHALF and not g.read_only)
    staff = context.Principal(account_id=caller.account_id, name=caller.name, grants=grants)
    run_for(staff, run_id)
    found = signup_in(signups_visible_to(staff), signup_id)
    if found is None or found.run_id != run_id:
        raise NotFound
    return found


_WORDS = {"name": "姓名", "latin_name": "拉丁字母姓名", "document": "证件", "phone": "手机号"}


def _page(signup: Signup, given: CorrectionPage, errors: dict[str, str], kept: list[str] | None = None) -> str:
    return render_template(
        "admin/correct.html", title=f"更正报名：{signup.name}", back=url_for("console_runs.show", run_id=signup.run_id),
        signup=signup, given=given, errors=errors, phone=mask_phone(phone_of(signup)),
        kept="、".join(_WORDS[one] for one in kept or ()),
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)],
    )  # fmt: skip
