"""The private link of a unit for programs: find the own row, look it over, confirm it or complete it."""

from flask import Blueprint

from chengjiu_mp.core import access, context
from chengjiu_mp.core.asking import network
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.site import site
from chengjiu_mp.courses import errors as course_errors
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.schemas import NoticeRefOut
from chengjiu_mp.lists import claiming, errors
from chengjiu_mp.lists import link_schemas as schemas
from chengjiu_mp.lists.deciding import current_signup
from chengjiu_mp.lists.models import UnitListRow
from chengjiu_mp.lists.queries import list_by_token, name_of, runs_of
from chengjiu_mp.people.documents import DocumentRefused
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused, mask_phone
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.signin import sessions
from chengjiu_mp.units.models import Unit

blueprint = Blueprint("unit_link_api", __name__, url_prefix="/api/v1/private-links")

_CONFIRM_EXAMPLE = {
    "handle": "…", "consents": [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}],
}  # fmt: skip


@route(blueprint, "GET", "/<token>", access.PUBLIC, refusals=(NotFound, errors.LinkOff))
def show_private_link(token: str) -> schemas.PrivateLinkOut:
    """What a unit's private link is for: its runs and the texts to agree to. It lists nobody."""
    of = list_by_token(token)
    return schemas.PrivateLinkOut(
        title=of.title, unit=db.session.get_one(Unit, of.unit_id).name, runs=[_run(one.run) for one in runs_of(of.id)],
        consents=[NoticeRefOut.model_validate(one) for one in current_notices()],
    )  # fmt: skip


def _count_find(*, token: str, body: schemas.FindRowIn) -> None:
    claiming.spend_claim_limits(list_by_token(token), body.name, network(), context.principal().device_id)


@route(blueprint, "POST", "/<token>/find", access.PUBLIC, before=_count_find, example={"name": "张三", "tail": "002X"},
       refusals=(NotFound, errors.LinkOff, errors.NotOnList, NameRefused, TooMany))  # fmt: skip
def find_own_row(token: str, body: schemas.FindRowIn) -> schemas.OwnRowOut:
    """Find the own row by name and four digits. Every way not to find one has the same answer."""
    of = list_by_token(token)
    row = claiming.find_row(of, body.name, body.tail)
    return _own_row(row, claiming.handle_of(of, row))


def _count_confirm(*, token: str, body: schemas.ConfirmRowIn) -> None:
    claiming.spend_row_limits(list_by_token(token), body.handle)


@route(blueprint, "POST", "/<token>/confirm", access.PUBLIC, before=_count_confirm, example=_CONFIRM_EXAMPLE,
       refusals=(NotFound, errors.LinkOff, errors.ClaimExpired, errors.RowGone, errors.NotOnList, ConsentMissing,
                 DocumentRefused, PhoneRefused, TooMany, course_errors.AlreadySignedUp, course_errors.BirthDateMissing,
                 course_errors.TooYoung, course_errors.GuardianRequired, course_errors.OverlappingSignup,
                 course_errors.NothingToRenew, course_errors.TooManyPlaces, course_errors.SignupNotOpen,
                 course_errors.SignupClosed, NameRefused, ErasedMeanwhile))  # fmt: skip
def confirm_own_row(token: str, body: schemas.ConfirmRowIn) -> schemas.RowTicketOut:
    """Confirm the row that was found, or complete one of a name alone, and take its ticket.

    Signed in, the same caller may ask again. Anybody else holds the ticket by its token alone and is answered once:
    send an Idempotency-Key, so that a lost answer can be had again.
    """
    of = list_by_token(token)
    row, device = claiming.row_of_handle(of, body.handle), _device()
    if row.state == "named":
        ticket = claiming.complete(of, row, _entry(row, body), device)
    else:
        ticket = claiming.claim(of, row, body.consents, device)
    signup = current_signup(row)
    state = signup.state if signup else row.state
    return schemas.RowTicketOut(state=state, ticket_token=ticket, ticket_url=site().link(f"/i/{ticket}"))


def _device() -> int:
    """Return the caller's session, or one that nobody holds: the ticket is on one phone alone, this caller's.

    No cookie is set: with one, a program would need a page's token for its next request.
    """
    mine = context.principal().device_id
    return mine if mine is not None else sessions.open_session("device")[1].id


def _entry(row: UnitListRow, body: schemas.ConfirmRowIn) -> Entry:
    return Entry(
        name=name_of(row), doc_number=body.doc_number, phone=body.phone, doc_type=body.doc_type,
        birth_date=body.birth_date, consents=body.consents, health_notice_read=True,
        latin_surname=body.latin_surname, latin_given=body.latin_given,
    )  # fmt: skip


def _own_row(row: UnitListRow, handle: str) -> schemas.OwnRowOut:
    facts = claiming.facts_of(row)
    signup, run = current_signup(row), facts["run"]
    if not isinstance(run, CourseRun):
        raise NotFound
    phone = facts.get("phone")
    return schemas.OwnRowOut(
        handle=handle, name=name_of(row), state=signup.state if signup else "named", confirmed_at=row.confirmed_at,
        run=_run(run), unit=getattr(facts["unit"], "name", ""), health_notice=run.syllabus.health_notice,
        doc_type=str(facts["doc_type"]) if signup else None, phone_masked=mask_phone(str(phone)) if phone else None,
    )  # fmt: skip


def _run(run: CourseRun) -> schemas.LinkRunOut:
    return schemas.LinkRunOut(
        id=run.id, title=run.title, starts_at=run.starts_at, ends_at=run.ends_at, venue=run.venue.name,
        address=run.venue.address,
    )  # fmt: skip
