"""The sign-up form: four things to fill in and two ticks, no account, no script needed; up to four people in one."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses import queries, signup_queries
from chengjiu_mp.courses.guardians import consent_of
from chengjiu_mp.courses.nearby import runs_nearby
from chengjiu_mp.courses.signing_up import Made, sign_up, sign_up_together
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.guardians import RELATIONS, guardian_token, is_live
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.web.h5 import entering, signup_form
from chengjiu_mp.web.h5.guardian import send_code_quietly
from chengjiu_mp.web.h5.run_words import card
from chengjiu_mp.web.h5.signup_form import Form

blueprint = Blueprint("signup", __name__)


@blueprint.get("/s/<token>/signup")
@access(PUBLIC)
def form(token: str) -> str | Response:
    """Show the form; a device with a ticket is sent to it, unless somebody else is to be signed up (代报名)."""
    found, other = queries.run_by_token(token), bool(request.args.get("other"))
    mine = signup_queries.my_live_signup(context.principal(), found.run.id)
    if (mine and not other) or found.phase not in ("open", "full"):
        return redirect(url_for("runs.landing", token=token), 303)
    return _page(token, found, signup_form.blank(other=other))


@blueprint.post("/s/<token>/signup")
@access(PUBLIC)
def send(token: str) -> str | Response | tuple[str, int]:
    """Sign up and open the ticket; or the form again with everything kept, and one person more or less in it."""
    given, found = signup_form.blank(), queries.run_by_token(token)
    run_id = found.run.id
    try:
        given = signup_form.read()
        if given.page.add or given.page.drop:
            return _page(token, found, signup_form.resized(given))
        people = len(given.people)
        kept = entering.counted_once(run_id, given.phones, people, lambda device: _signed_up(run_id, given, device))
    except Refusal as refusal:
        return _page(token, queries.run_by_token(token), given, refusal), refusal.kind.value
    return _onward(kept)


def _onward(kept: dict[str, str]) -> Response:
    reply = entering.to_ticket(kept)
    if not kept["guardian"]:
        return reply
    send_code_quietly(kept["guardian"])
    return redirect(url_for("guardian.page", token=kept["guardian"]), 303)


def _signed_up(run_id: int, given: Form, device: int) -> dict[str, str]:
    """Return the first one's ticket's token, and the guardian's when one is asked."""
    made = _made(run_id, given, device)
    asked = [one for each in made if (one := consent_of(each.signup)) and not is_live(one)]
    return {"ticket": made[0].ticket_token, "guardian": guardian_token(asked[0]) if asked else ""}


def _made(run_id: int, given: Form, device: int) -> list[Made]:
    entries = given.entries
    if len(entries) == 1:
        return [sign_up(run_id, entries[0], channel="page", device_id=device, guardian=given.guardian)]
    return sign_up_together(
        run_id, entries, channel="page", device_id=device, guardian=given.guardian, split=given.page.split
    )


def _page(token: str, found: queries.RunAndSeats, given: Form, refusal: Refusal | None = None) -> str:
    notices, codes = list(current_notices()), signup_form.codes_of(refusal)
    errors = signup_form.errors_of(refusal, given, notices)
    others = refusal.facts.get("alternatives", []) if refusal else []
    guardian = _guardian(given, errors, signup_form.children_asked_for(refusal))
    other = given.page.other
    return render_template(
        "h5/signup.html", title="替别人报名" if other else "填写报名", back=url_for("runs.landing", token=token),
        card=card(found), page=given.page, people=given.people, at=_at, notices=notices, errors=errors,
        summary=_summary(errors, len(given.people)), phase=found.phase, token=token, syllabus=found.run.syllabus,
        most=signup_form.MOST, other=other, guardian=guardian, relations=RELATIONS,
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)], codes=codes, others=others,
        short=signup_form.SHORT, misfit=_misfit(found, refusal, given),
        call=refusal.facts.get("call", "") if refusal else "",
    )  # fmt: skip


def _at(index: int, field: str) -> str:
    """Return the name of a person's field on the page."""
    return f"people.{index}.{field}" if index else field


def _summary(errors: dict[str, str], people: int) -> dict[str, str]:
    """Return the errors with whose each is, where several people stand in the form."""
    return {name: f"{_whose(name, people)}{sentence}" for name, sentence in errors.items()}


def _whose(name: str, people: int) -> str:
    group, _, rest = name.partition(".")
    if group == "people":
        return f"第 {int(rest.partition('.')[0]) + 1} 位："
    return "第 1 位：" if people > 1 and name in ("name", "doc_number", "doc_type", "birth_date") else ""


def _guardian(given: Form, errors: dict[str, str], children: list[int]) -> dict[str, Any] | None:
    """Return what the guardian's block shows, None while no child asks for one; the child's error moves there."""
    if given.page.guardian:
        return given.page.guardian.model_dump()
    if not children:
        return None
    said, *_ = [errors.pop(_at(index, "doc_number")) for index in children]
    if len(given.people) > 1:
        said = said.replace("参加人", "、".join(f"第 {index + 1} 位" for index in children), 1)
    errors["guardian.name"] = said
    return signup_form.first_guess(given, children[0])


def _misfit(found: queries.RunAndSeats, refusal: Refusal | None, given: Form) -> dict[str, Any] | None:
    """Return what those can choose who do not all find a seat: the line, or a run where all of them do, the youngest
    too.
    """
    if refusal is None or refusal.code != "party_does_not_fit":
        return None
    people = refusal.facts["people"]
    fits = [card(one) for one in runs_nearby(found.run, limit=12, born=given.youngest) if one.seats_left >= people][:3]
    return {"said": refusal.sentence, "seats": refusal.facts["seats_left"], "people": people, "runs": fits}
