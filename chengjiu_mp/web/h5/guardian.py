"""The guardian's page of a child under 14: read, prove the phone by a code, agree; or refuse, or take it back later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import passes
from chengjiu_mp.core import asking, context, limits, privacy
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import guardians, queries, signup_queries
from chengjiu_mp.courses.messages import CLAIM
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.outbox.queries import text_of
from chengjiu_mp.people.guardians import RELATIONS, asked_under, guardian_name, guardian_phone, is_live, notice_agreed
from chengjiu_mp.people.models import GuardianConsent
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.people.queries import guardian_notice
from chengjiu_mp.signin import codes
from chengjiu_mp.signin.errors import CodeWrong
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.run_words import card

blueprint = Blueprint("guardian", __name__)

PURPOSE = "guardian"
HOUR, DAY = 3600, 86400
# Where a session keeps that its holder proved a guardian's phone: sealed, good for half an hour.
PROOF = "guardian_phone"
_WORDS = {
    "pending": ("待监护人同意", "warn"), "confirmed": ("已报上", "ok"), "offered": ("有空位，等确认", "warn"),
    "waitlisted": ("候补中", "warn"), "lapsed": ("未排到", "plain"), "withdrawn": ("已取消", "plain"),
    "moved": ("已换场", "plain"), "run_cancelled": ("停课", "bad"), "refused": ("未通过", "plain"),
}  # fmt: skip


class AgreePage(In):
    code: str = Field("", max_length=12)
    consent: int | None = None


class SplitPage(In):
    split: bool = False


@blueprint.get("/g/<token>")
@access(PUBLIC)
def page(token: str) -> str:
    """Show what is asked of the guardian, or what they said."""
    return _page(token)


@blueprint.post("/g/<token>/code")
@access(PUBLIC)
def send(token: str) -> str | Response | tuple[str, int]:
    """Send a code to the guardian's phone."""
    try:
        send_code(token)
    except Refusal as refusal:
        return _page(token, forms.errors(refusal, "code")), refusal.kind.value
    return redirect(url_for(".page", token=token), 303)


@blueprint.post("/g/<token>")
@access(PUBLIC)
def agree(token: str) -> str | Response | tuple[str, int]:
    """Check the code and write the consent; the places are given with it."""
    consents = asked_under(token)
    try:
        given = from_pairs(AgreePage, request.form, ignore=forms.IGNORED)
        proved = _proved_here(consents)
        if not proved and given.consent is None:
            forms.need(
                given, code="请填写短信里的 6 位数字。", consent=f"请先看过《{guardian_notice().title}》，再勾选同意。"
            )
        notice_agreed(given.consent)  # Ahead of the code, which is good for one use.
        proved = proved or _prove(token, guardian_phone(consents[0]), given.code)
        with unit_of_work():
            outcome = guardians.agree(asked_under(token), proved, given.consent)
    except Refusal as refusal:
        return _page(token, forms.errors(refusal, "code")), refusal.kind.value
    return _after(token, consents, outcome)


@blueprint.post("/g/<token>/places")
@access(PUBLIC)
def places(token: str) -> str | Response | tuple[str, int]:
    """Give places after all: those who agreed but did not all find a seat chose to split, or try again."""
    given = from_pairs(SplitPage, request.form, ignore=forms.IGNORED)
    consents = asked_under(token)
    with unit_of_work():
        outcome = guardians.admit_after(asked_under(token), split=given.split)
    return _after(token, consents, outcome)


@blueprint.post("/g/<token>/refuse")
@access(PUBLIC)
def refuse(token: str) -> Response:
    """Refuse, or take the consent back: what has not begun ends now."""
    with unit_of_work():
        guardians.refuse(asked_under(token))
    return redirect(url_for(".page", token=token), 303)


@blueprint.post("/g/<token>/ask")
@access(PUBLIC)
def ask(token: str) -> str | Response | tuple[str, int]:
    """Send the question with a code to the guardian's phone, for who is not where this page is open."""
    try:
        codes.mobile(guardian_phone(asked_under(token)[0]))
        codes.spend_claim(asking.network())
        with unit_of_work():
            guardians.ask_again(asked_under(token))
    except Refusal as refusal:
        return _page(token, forms.errors(refusal, "code")), refusal.kind.value
    return redirect(url_for(".page", token=token, asked=1), 303)


def _prove(token: str, number: str, code: str) -> bytes:
    """Check a code of either of the two messages that a guardian gets: who holds the phone sees six digits twice.

    :raise CodeWrong: when it is neither; :raise TooMany: after too many guesses
    """
    try:
        return codes.prove(_challenge(token), code, PURPOSE)
    except CodeWrong:
        spend_guess(number)
        return codes.prove_claim(number, code, CLAIM)


def spend_guess(phone: str) -> None:
    """Count a try at the code of a guardian's message, whether or not the number was ever asked.

    A code ends with its fifth wrong try, and so many codes go to a phone: the number's own count is per network, so
    that nobody's guesses elsewhere shut its holder out.

    :raise PhoneRefused, NoSms: when no code can have gone there; :raise TooMany: when a limit is used up
    """
    index, network = privacy.phone_index(codes.mobile(phone)).hex(), asking.network()
    limits.spend(
        Limit(f"claim:{HOUR}:{index[:32]}:{network}", 30, HOUR), Limit(f"claim:{DAY}:{index[:32]}:{network}", 60, DAY),
        Limit(f"claim-net:60:{network}", 60, 60), Limit(f"claim-net:{DAY}:{network}", 600, DAY),
    )  # fmt: skip


def _proved_here(consents: Sequence[GuardianConsent]) -> bytes | None:
    """Return the guardian's phone when it was proved on this device lately, by the code of their message."""
    proved = passes.phone_of(session.get(PROOF, ""))
    return proved if proved is not None and all(one.phone_index == proved for one in consents) else None


def send_code(token: str) -> None:
    """Send a code to the guardian's phone and remember what it answers to on this device.

    :raise NotFound: for a page that is not there; :raise NoSms: when no code reaches the phone
    :raise TooMany: when a limit is used up
    """
    number = guardian_phone(asked_under(token)[0])
    codes.spend_send(number, asking.network())
    with unit_of_work():
        challenge = codes.send_code(number, PURPOSE)
    session[PURPOSE] = {"challenge": challenge, "token": token}


def send_code_quietly(token: str) -> None:
    """Send the code with the sign-up; where that cannot be, the page offers what else there is."""
    try:
        send_code(token)
    except Refusal:
        session.pop(PURPOSE, None)


def _challenge(token: str) -> str:
    asked = session.get(PURPOSE) or {}
    return str(asked.get("challenge", "")) if asked.get("token") == token else ""


def _after(
    token: str, consents: Sequence[GuardianConsent], outcome: guardians.Agreed
) -> str | Response | tuple[str, int]:
    if outcome.refusal is not None:
        return _page(token, refusal=outcome.refusal), outcome.refusal.kind.value
    signups = guardians.signups_under(consents)
    mine = signup_queries.my_places_in(context.principal(), signups[-1].run_id) if signups else []
    if mine:
        child, party = signups[-1].id, signups[-1].party_id
        theirs = [one for one in mine if one.id == child or (party and one.party_id == party)] or mine
        return redirect(url_for("tickets.ticket", token=signup_queries.ticket_token(theirs[0])), 303)
    return redirect(url_for(".page", token=token), 303)


def _page(token: str, errors: dict[str, str] | None = None, refusal: Refusal | None = None) -> str:
    consents = asked_under(token)
    first, signups = consents[0], {one.guardian_consent_id: one for one in guardians.signups_under(consents)}
    shown = next(iter(signups.values()), None)
    found = queries.run_with_seats(shown.run_id) if shown else None
    number, asked = guardian_phone(first), _challenge(token)
    sms = text_of(codes.message_key(asked)) if asked and current_app.config["SETTINGS"].demo else None
    waiting = any(one.state == "pending" for one in signups.values())
    return render_template(
        "h5/guardian.html", title="监护人同意", token=token, notice=guardian_notice(), errors=errors or {},
        children=[_child(one, agreed=is_live(first)) for one in signups.values()], card=card(found) if found else None,
        guardian=mask_name(guardian_name(first)), relation=RELATIONS[first.relation], to=mask_phone(number),
        reachable=not number.startswith("+"), sent=bool(asked), sms=sms.body if sms else "", first=first,
        live=is_live(first), waiting=waiting, refusal=refusal, ends_at=_ends_at(shown, found.run) if found else None,
        proved=_proved_here(consents) is not None, asked=bool(request.args.get("asked")),
        standing=any(one.state in LIVE for one in signups.values()),
    )  # fmt: skip


def _child(signup: Signup, *, agreed: bool) -> dict[str, Any]:
    word, tone = ("还没占上名额", "warn") if agreed and signup.state == "pending" else _WORDS[signup.state]
    return {"name": mask_name(signup.name), "state": word, "tone": tone}


def _ends_at(signup: Signup | None, run: CourseRun) -> datetime | None:
    """Return until when a word is waited for."""
    return min(signup.created_at + guardians.PATIENCE, run.signup_closes_at) if signup else None
