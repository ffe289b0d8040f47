"""The ticket, what happens to it, and the list of this phone's tickets. Who holds the link holds the ticket."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.checkin.attended import attended_of, percent, syllabus_of
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.fonts import installed_fonts
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.courses import changes, moving, pictures, queries, signup_queries
from chengjiu_mp.courses.entry import MINOR
from chengjiu_mp.courses.guardians import consent_of
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.owning import choose_owner, may_choose_owner
from chengjiu_mp.courses.ticket_picture import render_ticket
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.guardians import guardian_token
from chengjiu_mp.units.models import KEY_GROUPS
from chengjiu_mp.units.queries import plan_rows
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.attempts import attempts_shown
from chengjiu_mp.web.h5.corrections import check_of
from chengjiu_mp.web.h5.habits import given_reason
from chengjiu_mp.web.h5.journey import Journey, journey_of
from chengjiu_mp.web.h5.mine import pill_of
from chengjiu_mp.web.h5.run_words import cards_instead

blueprint = Blueprint("tickets", __name__)

MOVABLE = ("confirmed", "offered", "waitlisted")

_LOST = ("run_cancelled", "lapsed", "refused")


class OwnerPage(In):
    unit_id: RowId
    key_group: str = Field("other", max_length=20)


@blueprint.get("/i/<token>")
@access(PUBLIC)
def ticket(token: str) -> str:
    """Show the ticket."""
    return _page(token, signup_queries.signup_by_ticket(token), {})


@blueprint.get("/i/<token>/state")
@access(PUBLIC)
def state(token: str) -> Response:
    """Say whether anything changed since ``seen``; the ticket asks every few seconds."""
    now = journey_of(signup_queries.signup_by_ticket(token))
    return jsonify(stamp=now.stamp, changed=now.stamp != request.args.get("seen"), word=now.word)


@blueprint.get("/i/<token>/ticket.png")
@access(PUBLIC)
def picture(token: str) -> Response:
    """Draw the ticket for the phone's album."""
    chain = installed_fonts()
    face = pictures.ticket_face(signup_queries.signup_by_ticket(token), chain)
    end_read()
    reply = Response(render_ticket(face, chain), mimetype="image/png")
    reply.headers["Content-Disposition"] = 'attachment; filename="ticket.png"'
    return reply


@blueprint.get("/i/<token>/withdraw")
@access(PUBLIC)
def ask_withdraw(token: str) -> str | AnyResponse:
    """Ask once more before the place is given back."""
    signup = signup_queries.signup_by_ticket(token)
    if signup.state not in LIVE:
        return redirect(url_for(".ticket", token=token), 303)
    return render_template(
        "h5/withdraw.html", title="取消报名", back=url_for(".ticket", token=token), signup=signup, run=signup.run,
        token=token, errors={},
    )  # fmt: skip


@blueprint.post("/i/<token>/withdraw")
@access(PUBLIC)
def do_withdraw(token: str) -> AnyResponse:
    """Give the place back; doing it twice changes nothing."""
    reason = given_reason()
    with unit_of_work():
        withdraw(signup_queries.signup_by_ticket(token), reason)
    return redirect(url_for(".ticket", token=token), 303)


@blueprint.post("/i/<token>/owner")
@access(PUBLIC)
def owner(token: str) -> str | AnyResponse | tuple[str, int]:
    """Keep the unit and the group that the holder chose."""
    try:
        given = from_pairs(OwnerPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            signup = signup_queries.signup_by_ticket(token)
            choose_owner(signup, signup.run, given.unit_id, given.key_group)
    except Refusal as refusal:
        return _page(
            token, signup_queries.signup_by_ticket(token), forms.errors(refusal, "unit_id")
        ), refusal.kind.value
    return redirect(url_for(".ticket", token=token, kept="owner"), 303)


def _page(token: str, signup: Signup, errors: dict[str, str]) -> str:
    run, now = signup.run, journey_of(signup)
    asked = may_choose_owner(signup, run)
    return render_template(
        "h5/ticket.html", title="我的票", back="/me", token=token, signup=signup, run=run, now=now,
        shown=_shown(token, signup, now) if now.usable else None, errors=errors, kept=request.args.get("kept", ""),
        rows=_units(signup) if asked else [], groups=list(KEY_GROUPS.items()), landing=queries.run_url(run),
        others=_instead(signup),
        check=check_of(token, signup, run), attended=_attended(signup),
        attempts=attempts_shown(signup),
        withdrawable=_still_open(signup) and signup.state in LIVE,
        movable=_still_open(signup) and signup.state in MOVABLE,
        question=_question(signup), became=_became(signup), waits_for=moving.leave_kept(signup),
        minor=MINOR in signup.warnings, joinable=queries.phase_of(run) == "open",
        another=url_for("signup.form", token=queries.run_token(run), other=1), **_company(signup),
    )  # fmt: skip


def _attended(signup: Signup) -> dict[str, Any] | None:
    """Return how much of a run of several meetings, or of one that is left by a scan, somebody attended (feat-B10)."""
    if signup.outcome != "attended":
        return None
    found = attended_of(signup.run, [signup.id])[signup.id]
    if found.of < 2 and not syllabus_of(signup.run).exit_scan:
        return None
    return {"words": found.words, "required": percent(found.required), "enough": found.enough}


def _still_open(signup: Signup) -> bool:
    return signup.outcome is None and signup.run.state == "published" and clock.now() < signup.run.starts_at


def _question(signup: Signup) -> dict[str, Any] | None:
    """Return the change that the holder is asked about, as long as there is something to decide."""
    asked = changes.question_to(signup)
    if asked is None or signup.state not in (*LIVE, "run_cancelled"):
        return None
    change, said = asked
    return {"id": change.id, "kind": change.kind, "reason": change.reason, "was": change.was_starts_at,
            "answer": said.answer, "said": changes.ANSWERS.get(said.answer or "", "")}  # fmt: skip


def _became(signup: Signup) -> str:
    """Return the address of the ticket that followed this one, empty when none did."""
    new = moving.moved_to(signup) if signup.state == "moved" else None
    return url_for(".ticket", token=signup_queries.ticket_token(new)) if new else ""


def _instead(signup: Signup) -> list[dict[str, Any]]:
    """Whoever lost the place through no doing of their own is shown where there still is one."""
    return cards_instead(queries.run_with_seats(signup.run_id), always=True) if signup.state in _LOST else []


def _company(signup: Signup) -> dict[str, Any]:
    """Return what only the device that signed people up sees: the others' tickets, and the way to the guardian's page.

    A ticket that was handed on opens nothing but itself.
    """
    mine = signup_queries.my_places_in(context.principal(), signup.run_id)
    if not any(one.id == signup.id for one in mine):
        return {"company": [], "guardian": "", "yours": False}
    asked = next((c for one in mine if one.state == "pending" and (c := consent_of(one)) and not c.withdrawn_at), None)
    others = [
        {"href": url_for(".ticket", token=signup_queries.ticket_token(one)), "label": one.name, "note": pill_of(one)[0]}
        for one in mine
        if one.id != signup.id
    ]
    guardian = url_for("guardian.page", token=guardian_token(asked)) if asked and signup.state == "pending" else ""
    return {"company": others, "guardian": guardian, "yours": True}


def _shown(token: str, signup: Signup, now: Journey) -> dict[str, Any]:
    run = signup.run
    return {
        "name": signup.name, "latin": signup.latin_name, "run": run.title,
        "starts_at": run.starts_at, "ends_at": run.ends_at,
        "place": run.venue.name, "address": run.venue.address, "code": f"{signup.code[:3]} {signup.code[3:]}",
        "qr_svg": qr_svg(signup_queries.ticket_url(signup), label="签到码，给工作人员扫"), "state": now.word,
        "tone": now.tone or "ok", "note": run.syllabus.bring, "url": url_for(".ticket", token=token),
        "link": signup_queries.ticket_url(signup),
    }  # fmt: skip


def _units(signup: Signup) -> list[tuple[int, str]]:
    rows = [(unit.id, unit.name) for unit in plan_rows()]
    known = {key for key, _ in rows}
    return rows if signup.owner_unit_id in known else [(signup.owner_unit_id, "按举办单位计"), *rows]
