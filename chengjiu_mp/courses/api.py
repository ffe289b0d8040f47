"""Runs and sign-ups for programs."""

from collections.abc import Iterable

from flask import Blueprint, Response, current_app, g

from chengjiu_mp.core import access, context
from chengjiu_mp.core.asking import network
from chengjiu_mp.core.db import end_read
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.fonts import installed_fonts
from chengjiu_mp.core.http import JSON, route
from chengjiu_mp.core.paging import BadCursor
from chengjiu_mp.core.questions import Opened
from chengjiu_mp.courses import (
    drafting,
    errors,
    limiting,
    pictures,
    presenting,
    publishing,
    queries,
    schemas,
    signup_queries,
)
from chengjiu_mp.courses.acting import signup_to_act_on
from chengjiu_mp.courses.correcting import Correction, correct
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.excusing import excuse
from chengjiu_mp.courses.limiting import Said
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import (
    OFFICE_ROLES,
    ON_BEHALF,
    may_enter_others,
    run_for,
    runs_visible_to,
    signups_visible_to,
)
from chengjiu_mp.courses.reconfirming import reconfirm
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.documents import DocumentRefused
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile
from chengjiu_mp.people.guardians import GuardianEntry
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused
from chengjiu_mp.units.queries import subtree_ids

blueprint = Blueprint("courses", __name__, url_prefix="/api/v1")

DRAFTERS = access.roles(*drafting.DRAFTING_ROLES)
PUBLISHERS = access.roles(*publishing.PUBLISHING_ROLES)
CLOSERS = access.roles("operator", "instructor")
ROSTER = access.roles("instructor", *OFFICE_ROLES)

_RUN_EXAMPLE = {
    "kind": "cpr_aed", "unit_id": 2, "venue_id": 1, "sector": "community", "capacity": 40,
    "meetings": [{"starts_at": "2026-11-28T14:00:00+08:00", "ends_at": "2026-11-28T17:00:00+08:00"}],
}  # fmt: skip
_SIGNUP_EXAMPLE = {
    "name": "张三", "doc_number": "11010519491231002X", "phone": "13900000000",
    "consents": [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}],
}  # fmt: skip


@route(blueprint, "GET", "/runs", access.PUBLIC, refusals=(BadCursor,))
def list_runs(query: schemas.RunsQuery) -> schemas.RunsOut:
    """List published runs, newest first, and for staff everything in their scope."""
    units = subtree_ids(query.unit) if query.unit else None
    narrow = queries.RunFilter(query.kind, units, query.date, query.sector, query.weekend)
    visible = runs_visible_to(context.principal())
    found, cursor = queries.runs_listed(narrow, visible, query.cursor, query.limit)
    return schemas.RunsOut(items=[presenting.run_line(one) for one in found], next_cursor=cursor)


@route(blueprint, "GET", "/runs/<row:run_id>", access.PUBLIC, refusals=(NotFound,))
def show_run(run_id: int) -> schemas.RunOut:
    """Show a run: when, where, seats left, and what is to be agreed to."""
    return presenting.run_page(queries.run_shown(run_id, runs_visible_to(context.principal())))


@route(blueprint, "POST", "/runs", DRAFTERS, status=201, example=_RUN_EXAMPLE,
       refusals=(NotFound, errors.UnknownChoice, errors.RunTimesWrong))  # fmt: skip
def create_run(body: schemas.RunIn) -> schemas.RunAndWarningsOut:
    """Draft a run; nobody else sees it until it is published. ``warnings``: what to look at before that."""
    return drafted(drafting.draft_run(draft_of(body)).id)


@route(blueprint, "PUT", "/runs/<row:run_id>", DRAFTERS, example=_RUN_EXAMPLE,
       refusals=(NotFound, errors.RunNotDraft, errors.UnknownChoice, errors.RunTimesWrong))  # fmt: skip
def edit_run(run_id: int, body: schemas.RunIn) -> schemas.RunAndWarningsOut:
    """Replace everything a draft holds."""
    drafting.edit_draft(_mine(run_id, *drafting.DRAFTING_ROLES), draft_of(body))
    return drafted(run_id)


@route(blueprint, "POST", "/runs/<row:run_id>/publish", PUBLISHERS, refusals=(NotFound, errors.RunNotDraft))
def publish_run(run_id: int) -> schemas.RunAndWarningsOut:
    """Make a draft public; it keeps the syllabus and the exam scheme of this moment."""
    warnings = publishing.publish(_mine(run_id, *publishing.PUBLISHING_ROLES))
    return presenting.run_and_warnings(queries.run_with_seats(run_id), warnings)


@route(blueprint, "POST", "/runs/<row:run_id>/capacity", access.roles("operator"), example={"capacity": 60},
       refusals=(NotFound, errors.CapacityBelowTaken, errors.RunNotOpen))  # fmt: skip
def change_capacity(run_id: int, body: schemas.CapacityIn) -> schemas.RunOut:
    """Change the seats; more seats go to who waits at once."""
    publishing.set_capacity(_mine(run_id, "operator"), body.capacity)
    return presenting.run_page(queries.run_with_seats(run_id))


@route(blueprint, "POST", "/runs/<row:run_id>/close", CLOSERS, example={"head_count": 180},
       refusals=(NotFound, errors.RunNotOpen, errors.RunNotBegun, errors.HeadCountMissing,
                 errors.HeadCountUnexplained, errors.HeadCountFixed))  # fmt: skip
def close_run(run_id: int, body: schemas.CloseIn) -> schemas.RunOut:
    """End a run; the head count of a 普及 run counts for the plan."""
    publishing.close(_mine(run_id, "operator", "instructor"), body.head_count, body.note)
    return presenting.run_page(queries.run_with_seats(run_id))


@route(blueprint, "GET", "/runs/<row:run_id>/poster.png", access.PUBLIC, refusals=(NotFound,))
def poster(run_id: int) -> Response:
    """Draw the poster: A4 at 300 dpi, with the code of the sign-up page."""
    found = queries.run_shown(run_id, runs_visible_to(context.principal()))
    chain = installed_fonts()
    face = pictures.poster_face(found, queries.meetings_of(run_id), chain)
    end_read()
    reply = Response(pictures.poster_png(face, chain), mimetype="image/png")
    reply.headers["Content-Disposition"] = f'inline; filename="poster-{run_id}.png"'
    return reply


def spend_signup_limits(*, run_id: int, body: schemas.SignupIn) -> None:
    """Count one try of this device and of its network (rel-T1)."""
    phones = [body.phone, body.guardian.phone if body.guardian else ""]
    g.answered = count_signup(run_id, Said(body.challenge, body.answer), phones)


def spend_correction_limits(**_arguments: object) -> None:
    """Count one try to put something right, of this device and of its network; pages call it too."""
    limiting.count_correction(visitor())


def count_signup(run_id: int, said: Said, phones: Iterable[str], people: int = 1) -> Opened | None:
    """Count a try to sign up so many people on this device; return the answered challenge, to be used up within.

    :param phones: as typed, whom messages will go to

    Staff who may enter others at a desk are exempt; who it was stands in the audit trail of each sign-up.

    :raise TooMany, DeviceFull, QuestionNeeded: as :func:`limiting.count_try`
    """
    caller = context.principal()
    if caller.has(*ON_BEHALF) and may_enter_others(caller, run_id):
        return None
    return limiting.count_try(visitor(), said, people, phones)


def visitor() -> limiting.Visitor:
    """Return this request's caller as the limits know them."""
    settings = current_app.config["SETTINGS"]
    device = context.principal().device_id
    return limiting.Visitor(device, network(), settings.signups_per_device, settings.signups_per_network)


@route(blueprint, "POST", "/runs/<row:run_id>/signups", access.PUBLIC, status=201, before=spend_signup_limits,
       example=_SIGNUP_EXAMPLE,
       refusals=(NotFound, errors.SignupNotOpen, errors.SignupClosed, errors.AlreadySignedUp, errors.OverlappingSignup,
                 errors.TooYoung, errors.GuardianRequired, errors.NothingToRenew, DocumentRefused, NameRefused,
                 PhoneRefused, ConsentMissing, TooMany, errors.QuestionNeeded, errors.DeviceFull,
                 errors.TooManyPlaces, ErasedMeanwhile))  # fmt: skip
def make_signup(run_id: int, body: schemas.SignupIn) -> schemas.SignupMadeOut | Response:
    """Sign up: a seat, or a numbered place in the line. 200 with the ticket when this caller already holds it."""
    limiting.use_up(visitor(), g.answered)
    made = sign_up(run_id, entry_of(body), channel="api", guardian=guardian_of(body.guardian))
    out = presenting.made(made)
    return out if made.fresh else Response(out.model_dump_json(), 200, mimetype=JSON)


@route(blueprint, "GET", "/signups/<row:signup_id>", access.PUBLIC, refusals=(NotFound,))
def show_signup(signup_id: int) -> schemas.SignupStateOut:
    """Show where a sign-up stands, to its owner or to staff in scope."""
    caller = context.principal()
    owned = signup_queries.owned_signup(caller, signup_id)
    found = owned or signup_queries.signup_in(signups_visible_to(caller), signup_id)
    if found is None:
        raise NotFound
    return presenting.signup_state(found, to_owner=owned is not None)


@route(blueprint, "POST", "/signups/<row:signup_id>/withdraw", access.PUBLIC,
       refusals=(NotFound, errors.CannotWithdraw))  # fmt: skip
def withdraw_signup(signup_id: int, body: schemas.WithdrawIn | None) -> schemas.SignupStateOut:
    """Give the place back: its owner, staff in scope, or whoever shows the ticket's token.

    The body may be left out by the first two. Doing it twice changes nothing.
    """
    ticket, reason = (body.ticket_token, body.reason) if body else ("", "")
    found, own = signup_to_act_on(signup_id, ticket)
    return presenting.signup_state(withdraw(found, reason), to_owner=own)


@route(blueprint, "POST", "/signups/<row:signup_id>/correct", access.PUBLIC, before=spend_correction_limits,
       example={"name": "张三丰"},
       refusals=(NotFound, errors.CorrectionUnexplained, errors.NothingToCorrect, errors.RosterLocked,
                 errors.AlreadySignedUp, errors.OverlappingSignup, errors.BirthDateMissing, errors.TooYoung,
                 errors.GuardianRequired, errors.NothingToRenew, DocumentRefused, NameRefused, PhoneRefused, TooMany,
                 ErasedMeanwhile))  # fmt: skip
def correct_signup(signup_id: int, body: schemas.SignupCorrectionIn) -> schemas.SignupCorrectedOut:
    """Put a name, a document or a phone right: its owner, or who shows the ticket's token, until the list is final.

    Staff in scope give a reason, and the list does not stop them. What was proved before is not replaced; it answers
    ``to_desk`` and staff look into it.
    """
    found, own = signup_to_act_on(signup_id, body.ticket_token)
    if not own and not body.reason.strip():
        raise errors.CorrectionUnexplained(field="reason")
    wish = Correction(**body.model_dump(exclude={"ticket_token", "reason"}))
    outcome = correct(found, wish, reason="" if own else body.reason.strip())
    return presenting.corrected(found, outcome)


@route(blueprint, "POST", "/signups/<row:signup_id>/excuse", access.PUBLIC,
       refusals=(NotFound, errors.ExcuseTooLate, errors.CannotWithdraw))  # fmt: skip
def excuse_signup(signup_id: int, body: schemas.WithdrawIn | None) -> schemas.SignupStateOut:
    """Say that the person cannot come: before the training as withdrawing, until two days after it as an excuse."""
    ticket, reason = (body.ticket_token, body.reason) if body else ("", "")
    found, own = signup_to_act_on(signup_id, ticket)
    return presenting.signup_state(excuse(found, reason), to_owner=own)


@route(blueprint, "POST", "/signups/<row:signup_id>/confirm", access.PUBLIC, refusals=(NotFound, errors.SeatReleased))
def confirm_signup(signup_id: int, body: schemas.ConfirmIn | None) -> schemas.SignupStateOut:
    """Say once more that the person comes, as ``confirm_by`` asks; saying it twice changes nothing."""
    found, own = signup_to_act_on(signup_id, body.ticket_token if body else "")
    return presenting.signup_state(reconfirm(found), to_owner=own)


@route(blueprint, "GET", "/runs/<row:run_id>/signups", ROSTER, refusals=(NotFound,))
def list_signups(run_id: int) -> schemas.RosterOut:
    """List who holds or awaits a place; the document's last four for the office alone."""
    caller = context.principal()
    run_for(caller, run_id)
    rows = signup_queries.roster(run_id, signups_visible_to(caller))
    return schemas.RosterOut(run_id=run_id, items=presenting.roster(rows, with_document=caller.has(*OFFICE_ROLES)))


def drafted(run_id: int) -> schemas.RunAndWarningsOut:
    """Return a draft with what to look at before it goes public."""
    return presenting.run_and_warnings(queries.run_with_seats(run_id), publishing.warnings_of(run_id))


def draft_of(body: schemas.RunIn) -> drafting.Draft:
    """Return what the form or the JSON says of a run."""
    fields = body.model_dump(exclude={"meetings"})
    return drafting.Draft(**fields, meetings=[Sitting(m.starts_at, m.ends_at) for m in body.meetings])


def entry_of(body: schemas.SignupIn) -> Entry:
    """Return what was typed into the sign-up form; a program may leave the birth date to staff."""
    typed = body.model_dump(exclude={"consents", "guardian", "challenge", "answer"})
    return Entry(**{**typed, "consents": body.consents}, birth_optional=True)


def guardian_of(body: schemas.GuardianIn | None) -> GuardianEntry | None:
    """Return who was named as the guardian, if anybody was."""
    return GuardianEntry(**body.model_dump()) if body else None


def _mine(run_id: int, *roles: str) -> CourseRun:
    return run_for(context.principal(), run_id, roles=roles)
