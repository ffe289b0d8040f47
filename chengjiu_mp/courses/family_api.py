"""Families for programs: a few people in one form, and the word of a guardian."""

from flask import Blueprint, g

from chengjiu_mp.core import access
from chengjiu_mp.core.asking import network
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import errors, family_schemas, guardians, limiting, presenting
from chengjiu_mp.courses.api import count_signup, guardian_of, visitor
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.limiting import Said
from chengjiu_mp.courses.signing_up import sign_up_together
from chengjiu_mp.people.documents import DocumentRefused
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile, GuardianConsentEnded, NotTheGuardian
from chengjiu_mp.people.guardians import asked_under, guardian_phone, notice_agreed
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused
from chengjiu_mp.signin import codes
from chengjiu_mp.signin.errors import CodeWrong, NoSms

blueprint = Blueprint("families", __name__, url_prefix="/api/v1")

# What a guardian's code is good for.
PURPOSE = "guardian"

_CONSENTS = [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}]
_EXAMPLE = {
    "phone": "13900000000", "consents": _CONSENTS,
    "people": [
        {"name": "张三", "doc_number": "11010519491231002X"}, {"name": "李四", "doc_number": "440524188001010014"},
    ],
}  # fmt: skip


def spend_party_limits(*, run_id: int, body: family_schemas.TogetherIn) -> None:
    """Count one try to sign so many people up on this device and network."""
    phones = [body.phone, body.guardian.phone if body.guardian else "", *(one.phone for one in body.people)]
    g.answered = count_signup(run_id, Said(body.challenge, body.answer), phones, len(body.people))


@route(blueprint, "POST", "/runs/<row:run_id>/signups/together", access.PUBLIC, status=201, before=spend_party_limits,
       example=_EXAMPLE,
       refusals=(NotFound, errors.SignupNotOpen, errors.SignupClosed, errors.AlreadySignedUp, errors.OverlappingSignup,
                 errors.PartyDoesNotFit, errors.SamePersonTwice, errors.BirthDateMissing, errors.TooYoung,
                 errors.GuardianRequired, errors.NothingToRenew, DocumentRefused, NameRefused, PhoneRefused,
                 ConsentMissing, TooMany,
                 errors.QuestionNeeded, errors.DeviceFull, errors.TooManyPlaces, ErasedMeanwhile))  # fmt: skip
def sign_up_a_party(run_id: int, body: family_schemas.TogetherIn) -> family_schemas.TogetherOut:
    """Sign up to four people up in one form: seats for all or for none, unless they split. A mistake takes nothing."""
    limiting.use_up(visitor(), g.answered)
    made = sign_up_together(
        run_id, entries_of(body), channel="api", split=body.split, guardian=guardian_of(body.guardian)
    )
    return family_schemas.TogetherOut(items=[presenting.made(one) for one in made])


@route(blueprint, "GET", "/guardian/<token>", access.PUBLIC, refusals=(NotFound,))
def show_guardian(token: str) -> family_schemas.GuardianOut:
    """Show what the guardian of a form's children is asked, and what they said."""
    return presenting.guardian(asked_under(token))


def _spend_code(token: str) -> None:
    codes.spend_send(guardian_phone(asked_under(token)[0]), network())


@route(blueprint, "POST", "/guardian/<token>/codes", access.PUBLIC, status=201, before=_spend_code,
       refusals=(NotFound, NoSms, TooMany))  # fmt: skip
def send_guardian_code(token: str) -> family_schemas.GuardianCodeOut:
    """Send a code to the guardian's phone."""
    return family_schemas.GuardianCodeOut(challenge=codes.send_code(guardian_phone(asked_under(token)[0]), PURPOSE))


@route(blueprint, "POST", "/guardian/<token>/agree", access.PUBLIC, transaction=False,
       example={"challenge": "a" * 26, "code": "123456", "version": 1},
       refusals=(NotFound, CodeWrong, ConsentMissing, NotTheGuardian, GuardianConsentEnded))  # fmt: skip
def agree_as_guardian(token: str, body: family_schemas.GuardianAgreeIn) -> family_schemas.GuardianOut:
    """Agree by the code; places are given with it, or ``hindrance`` says why not."""
    asked_under(token)
    notice_agreed(body.version)
    proved = codes.prove(body.challenge, body.code, PURPOSE)
    with unit_of_work():
        consents = asked_under(token)
        outcome = guardians.agree(consents, proved, body.version, split=body.split)
        return presenting.guardian(consents, outcome.refusal.code if outcome.refusal else None)


@route(blueprint, "POST", "/guardian/<token>/withdraw", access.PUBLIC, refusals=(NotFound,))
def refuse_as_guardian(token: str) -> family_schemas.GuardianOut:
    """Refuse, or take the consent back: the children's sign-ups that have not begun end. Twice changes nothing."""
    consents = asked_under(token)
    guardians.refuse(consents)
    return presenting.guardian(consents)


def entries_of(body: family_schemas.TogetherIn) -> list[Entry]:
    """Return what was typed for each person, with what the form says for all."""
    return [
        Entry(
            name=one.name, doc_number=one.doc_number, phone=one.phone or body.phone, doc_type=one.doc_type,
            birth_date=one.birth_date, latin_surname=one.latin_surname, latin_given=one.latin_given,
            consents=one.consents or body.consents,
            health_notice_read=one.health_notice_read or body.health_notice_read,
        )
        for one in body.people
    ]  # fmt: skip
