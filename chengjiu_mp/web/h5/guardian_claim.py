"""Where a guardian on another phone enters the code of their message, and finds what waits for their word.

A short message's template holds no address of its own, but the site's fixed one: this page. The number and the code
together prove the phone for half an hour; nothing is told of a number that was never asked.
"""

from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import passes
from chengjiu_mp.core import asking, privacy
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal, TooMany
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import guardians, queries
from chengjiu_mp.courses.errors import GuardianAskedLately
from chengjiu_mp.courses.messages import CLAIM
from chengjiu_mp.people.guardians import asked_of_phone, guardian_token
from chengjiu_mp.signin import codes
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.guardian import PROOF, spend_guess

blueprint = Blueprint("guardian_claim", __name__)


class ClaimPage(In):
    phone: str = Field("", max_length=60)
    code: str = Field("", max_length=12)
    # The other button: a new code, because the last one is lost or was guessed at.
    again: bool = False


@blueprint.get("/g")
@access(PUBLIC)
def form() -> str:
    """Ask for the number and the code; or, once they were right, list what waits."""
    proved = passes.phone_of(session.get(PROOF, ""))
    return _list(proved) if proved is not None else _page(ClaimPage(phone="", code=""), {})


@blueprint.post("/g")
@access(PUBLIC)
def enter() -> Response | str | tuple[str, int]:
    """Check them, and go on to what waits: straight to the only one."""
    given = ClaimPage(phone="", code="")
    try:
        given = from_pairs(ClaimPage, request.form, ignore=forms.IGNORED)
        if given.again:
            return _sent_again(given)
        forms.need(given, phone="请填写收到短信的手机号。", code="请填写短信里的 6 位确认码。")
        spend_guess(given.phone)
        proved = codes.prove_claim(given.phone, given.code, CLAIM)
    except Refusal as refusal:
        return _page(given, forms.errors(refusal, "code")), refusal.kind.value
    session[PROOF] = passes.proof_of(proved)
    waiting = _waiting(proved)
    only = len(waiting) == 1
    return redirect(waiting[0]["href"] if only else url_for(".form"), 303)


def _sent_again(given: ClaimPage) -> str:
    """Send another code where one is waited for. One answer for every number: it tells nobody whose guardian this is.

    :raise PhoneRefused, NoSms: when no code can go there; :raise TooMany: when this network asks too often
    """
    forms.need(given, phone="请填写收到短信的手机号。")
    index = privacy.phone_index(codes.mobile(given.phone))
    codes.spend_claim(asking.network())
    with suppress(GuardianAskedLately, TooMany), unit_of_work():
        guardians.ask_phone_again(index)
    return _page(given, {}, sent=True)


def _waiting(phone_index: bytes) -> list[dict[str, Any]]:
    """Return the guardian's pages that wait for a word of this phone, one for each form."""
    found: dict[str, dict[str, Any]] = {}
    for consent in asked_of_phone(phone_index):
        pending = [one for one in guardians.signups_under([consent]) if one.state == "pending"]
        if pending:
            run, token = queries.run_with_seats(pending[0].run_id).run, guardian_token(consent)
            href = url_for("guardian.page", token=token)
            found.setdefault(token, {"href": href, "label": run.title, "note": day_time(run.starts_at)})
    return list(found.values())


def _list(proved: bytes) -> str:
    return render_template("h5/guardian_claim.html", title="监护人同意", back="/me", ways=_waiting(proved), proved=True)


def _page(given: ClaimPage, errors: dict[str, str], *, sent: bool = False) -> str:
    return render_template(
        "h5/guardian_claim.html", title="监护人同意", back="/me", given=given, errors=errors, proved=False, sent=sent
    )
