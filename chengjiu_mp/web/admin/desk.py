"""现场代报名: staff sign people up at a desk, read the notices out, and show the ticket for the person's own phone.

No limit and no question stands in the way; who entered whom is in the audit trail, and the ticket is the person's.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock, context, idempotency, ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import Day, In, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.courses import queries, signup_queries
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import ON_BEHALF, run_at_desk
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.signup_rows import DESK
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("console_desk", __name__, url_prefix="/console/runs")

# Who may check in may add who stands at the door.
DOOR = ("instructor", "operator")
DESK_ROLES = roles(*ON_BEHALF, "instructor")
# A ticket is shown to staff while its person stands before them.
SHOWN_FOR = timedelta(minutes=15)


class DeskPage(In):
    """``consent`` is {purpose: version} of what was read out and agreed to; ``form_key`` makes two taps one."""

    name: str = Field("", max_length=200)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)
    consent: dict[str, int] = Field(default_factory=dict)
    form_key: str = Field("", max_length=40)


@blueprint.get("/<row:run_id>/desk")
@access(DESK_ROLES)
def form(run_id: int) -> str:
    """Show the form for the person at the desk."""
    run = run_at_desk(context.principal(), run_id)
    return desk_page(run, DeskPage.model_validate({}), None)


@blueprint.post("/<row:run_id>/desk")
@access(DESK_ROLES)
def send(run_id: int) -> Response | tuple[str, int]:
    """Sign the person up and show their ticket; or the form again with everything kept but the document number."""
    run = run_at_desk(context.principal(), run_id)
    given = DeskPage.model_validate({})
    try:
        given = from_pairs(DeskPage, request.form, ignore=forms.IGNORED)
        signup_id = once(lambda: sign_up(run.id, entry_of(given), channel=DESK).signup.id)
    except Refusal as refusal:
        return desk_page(run_at_desk(context.principal(), run_id), given, refusal), refusal.kind.value
    return redirect(url_for(".ticket", run_id=run_id, signup_id=signup_id), 303)


@blueprint.get("/<row:run_id>/desk/<row:signup_id>")
@access(DESK_ROLES)
def ticket(run_id: int, signup_id: int) -> str:
    """Show a ticket just made here, to photograph or to write down."""
    run = run_at_desk(context.principal(), run_id)
    signup = db.session.get(Signup, signup_id)
    if signup is None or signup.run_id != run.id or signup.channel != DESK:
        raise NotFound
    if clock.now() - signup.created_at > SHOWN_FOR:
        raise NotFound("这张票已经不在这里显示了。请本人打开短信里的链接，或在名单里找。")
    found, here = queries.run_with_seats(run.id), signup.outcome == "attended" and context.principal().has(*DOOR)
    return render_template(
        "admin/desk_ticket.html", title="已签到" if here else "已报上" if signup.position is None else "已排候补",
        back=url_for("console_door.form" if here else ".form", run_id=run_id), here=here,
        signup=signup, run=found.run, rank=signup_queries.rank_of(signup),
        code=f"{signup.code[:3]} {signup.code[3:]}",
        qr=qr_svg(signup_queries.ticket_url(signup), label="入场码，请本人用手机拍下"),
    )  # fmt: skip


def entry_of(given: DeskPage) -> Entry:
    """Return the form as the sign-up reads it."""
    return Entry(
        name=given.name, doc_number=given.doc_number, phone=given.phone, doc_type=given.doc_type,
        birth_date=given.birth_date, latin_surname=given.latin_surname, latin_given=given.latin_given,
        health_notice_read=True,
        consents=[ConsentIn(purpose=p, version=v) for p, v in given.consent.items()],
    )  # fmt: skip


def once(make: Callable[[], int]) -> int:
    """Return the id of the sign-up that this form makes, or made when it was sent before; one transaction."""
    with unit_of_work():
        typed = json.dumps(list(request.form.items(multi=True))).encode()
        print_ = idempotency.fingerprint("POST", request.path, typed)
        kept, answered = idempotency.begin(context.principal().key, print_.hex(), print_)
        if answered:
            return int(answered[1])
        signup_id = make()
        idempotency.keep(kept, 303, str(signup_id).encode())
        return signup_id


def desk_page(run: CourseRun, given: DeskPage, refusal: Refusal | None, **more: Any) -> str:
    """Return the form with everything kept but the document number; ``more`` is what the door's page says besides."""
    found, notices = queries.run_with_seats(run.id), current_notices()
    errors = forms.errors(refusal, "name") if refusal else {}
    if "consents" in errors:
        del errors["consents"]
        missing = [n for n in notices if n.required and given.consent.get(n.purpose) != n.version]
        errors |= {f"consent.{n.purpose}": f"请念给本人听《{n.title}》，同意后再勾选。" for n in missing}
    office = context.principal().has(*ON_BEHALF)
    shown = {
        "title": "现场代报名", "errors": errors, "given": given, "notices": notices, "card": card(found),
        "phase": found.phase, "syllabus": found.run.syllabus, "run": found.run, "form_key": ids.new_token(),
        "back": url_for("console_runs.show", run_id=run.id) if office else "/teach/",
        "post": url_for("console_desk.send", run_id=run.id), "full": found.seats_left == 0, "pool": found.pool,
        "doc_types": [("", "自动识别"), *((one.value, one.label) for one in DocType)],
    }  # fmt: skip
    return render_template("admin/desk.html", **(shown | more))
