"""Runs, tickets and rosters in the shapes that go out."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Literal

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.site import site
from chengjiu_mp.courses import family_schemas, schemas
from chengjiu_mp.courses.changes import question_to
from chengjiu_mp.courses.entry import DOC_RETYPED
from chengjiu_mp.courses.guardians import consent_of, signups_under
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.naming import warnings_now
from chengjiu_mp.courses.nearby import alternatives_to, nearness
from chengjiu_mp.courses.publishing import Warned
from chengjiu_mp.courses.queries import RunAndSeats, meetings_of, run_url
from chengjiu_mp.courses.reconfirming import asks_to_confirm
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.signup_queries import phone_of, queue_length, rank_of, ticket_token, ticket_url
from chengjiu_mp.people.documents import DocType, last4
from chengjiu_mp.people.guardians import guardian_phone, guardian_token
from chengjiu_mp.people.models import GuardianConsent, Person
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.people.queries import current_notices, guardian_notice


def run_line(found: RunAndSeats) -> schemas.RunLineOut:
    """Return a run as a list shows it."""
    return schemas.RunLineOut(**_line(found))


def run_page(found: RunAndSeats) -> schemas.RunOut:
    """Return a run with everything that somebody needs to decide and sign up."""
    return schemas.RunOut(**_line(found), **_page(found))


def run_and_warnings(found: RunAndSeats, warnings: Sequence[Warned]) -> schemas.RunAndWarningsOut:
    """Return a run just drafted or published and what staff should know."""
    warned = [schemas.WarnedOut.model_validate(one) for one in warnings]
    return schemas.RunAndWarningsOut(**_line(found), **_page(found), warnings=warned)


def _line(found: RunAndSeats) -> dict[str, Any]:
    run, syllabus, pool = found.run, found.run.syllabus, found.pool
    return {
        "id": run.id, "title": run.title, "kind": syllabus.course_type.code, "kind_name": syllabus.course_type.name,
        "state": run.state, "phase": found.phase, "seats_left": found.seats_left, "capacity": pool.capacity,
        "waiting": pool.waiting, "starts_at": run.starts_at, "ends_at": run.ends_at,
        "signup_opens_at": run.signup_opens_at, "signup_closes_at": run.signup_closes_at,
        "closes_at": run.signup_closes_at, "venue": schemas.PlaceOut.model_validate(run.venue),
        "unit": schemas.UnitRefOut.model_validate(found.unit),
        "sector": schemas.SectorRefOut.model_validate(found.sector), "min_age": syllabus.min_age, "url": run_url(run),
    }  # fmt: skip


def _page(found: RunAndSeats) -> dict[str, Any]:
    syllabus = found.run.syllabus
    return {
        "meetings": [schemas.MeetingOut.model_validate(one) for one in meetings_of(found.run.id)],
        "cancel_reason": found.run.cancel_reason, "bring": syllabus.bring, "health_notice": syllabus.health_notice,
        "head_count": found.run.head_count,
        "consents": [schemas.NoticeRefOut.model_validate(one) for one in current_notices()],
        "alternatives": [_alternative(found, other) for other in alternatives_to(found)],
    }  # fmt: skip


def _alternative(found: RunAndSeats, other: RunAndSeats) -> schemas.AlternativeOut:
    same_kind, same_town = nearness(found, other)
    return schemas.AlternativeOut(**_line(other), same_kind=same_kind, same_town=same_town)


def made(place: Made) -> schemas.SignupMadeOut:
    """Return a ticket to who just signed up."""
    row = place.signup
    return schemas.SignupMadeOut(
        id=row.id, run_id=row.run_id, state=row.state, position=place.rank, code=row.code,
        ticket_token=place.ticket_token, ticket_url=site().link(f"/i/{place.ticket_token}"),
        guardian_token=_guardian_token(row), **_document_of(row, place.person),
    )  # fmt: skip


def _guardian_token(signup: Signup) -> str | None:
    consent = consent_of(signup)
    return guardian_token(consent) if consent and signup.state == "pending" else None


def guardian(consents: Sequence[GuardianConsent], hindrance: str | None = None) -> family_schemas.GuardianOut:
    """Return what a guardian was asked, for which children, and what they said."""
    first, notice = consents[0], guardian_notice()
    state: Literal["asked", "agreed", "withdrawn"] = "asked" if first.given_at is None else "agreed"
    return family_schemas.GuardianOut(
        state="withdrawn" if first.withdrawn_at else state, phone_masked=mask_phone(guardian_phone(first)),
        notice=schemas.NoticeRefOut.model_validate(notice), text=notice.body, hindrance=hindrance,
        children=[
            family_schemas.GuardianChildOut(id=one.id, name_masked=mask_name(one.name), state=one.state)
            for one in signups_under(consents)
        ],
    )  # fmt: skip


def corrected(signup: Signup, outcome: Mapping[str, str]) -> schemas.SignupCorrectedOut:
    """Return what became of a correction."""
    return schemas.SignupCorrectedOut(
        id=signup.id, name=outcome.get("name"), document=outcome.get("document"), phone=outcome.get("phone"),
        latin_name=outcome.get("latin_name"), **_document_of(signup),
    )  # fmt: skip


def _document_of(signup: Signup, person: Person | None = None) -> dict[str, Any]:
    person = person or db.session.get_one(Person, signup.person_id)
    return {"doc_type": DocType(person.doc_type), "doc_type_corrected": DOC_RETYPED in signup.warnings}


def signup_state(signup: Signup, *, to_owner: bool) -> schemas.SignupStateOut:
    """Return where a sign-up stands; its ticket to the owner alone."""
    return schemas.SignupStateOut(
        id=signup.id, run_id=signup.run_id, state=signup.state, position=rank_of(signup),
        waiting=queue_length(signup.pool_id), outcome=signup.outcome, excused=signup.excused_at is not None,
        offer_ends_at=signup.offer_ends_at, question=_question(signup),
        confirm_by=signup.confirm_by if asks_to_confirm(signup) else None, code=signup.code if to_owner else None,
        ticket_token=ticket_token(signup) if to_owner else None, ticket_url=ticket_url(signup) if to_owner else None,
    )  # fmt: skip


def _question(signup: Signup) -> schemas.QuestionOut | None:
    asked = question_to(signup)
    if asked is None:
        return None
    change, said = asked
    return schemas.QuestionOut(
        change_id=change.id, kind=change.kind, reason=change.reason,  # type: ignore[arg-type]  # the CHECK names them
        was_starts_at=change.was_starts_at, answer=said.answer,
    )  # fmt: skip


def roster(rows: Sequence[tuple[Signup, Person]], *, with_document: bool) -> list[schemas.RosterLineOut]:
    """Return a list to call out, in the order given: names whole, phone and document masked."""
    rank = count(1)
    return [
        _roster_line(signup, person, next(rank) if signup.position else None, with_document) for signup, person in rows
    ]


def _roster_line(signup: Signup, person: Person, rank: int | None, with_document: bool) -> schemas.RosterLineOut:
    shown = with_document and signup.erased_at is None
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid) if shown else None
    name = signup.name if signup.erased_at else person.name or signup.name
    return schemas.RosterLineOut(
        id=signup.id, name=name, latin_name=signup.latin_name, phone_masked=mask_phone(phone_of(signup)),
        doc_type=person.doc_type, doc_last4=last4(number) if number else None, state=signup.state,
        position=rank, outcome=signup.outcome, warnings=warnings_now(signup),
        name_confirmed=bool(signup.name_confirmed_at or signup.name_proved_at), over_capacity=signup.over_capacity,
    )  # fmt: skip
