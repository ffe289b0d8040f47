"""The line for programs: offers, moves, answers to a change; and what the office does to a published run."""

from flask import Blueprint

from chengjiu_mp.core import access, context
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import (
    changes,
    errors,
    line_schemas,
    merging,
    moving,
    offers,
    presenting,
    queries,
    reserving,
    schemas,
)
from chengjiu_mp.courses.acting import signup_to_act_on
from chengjiu_mp.courses.double_booked import ClashesUnseen, check_despite
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for, runs_visible_to
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw

blueprint = Blueprint("line", __name__, url_prefix="/api/v1")

OPERATOR = access.roles("operator")
_TIMES = [{"starts_at": "2026-12-05T14:00:00+08:00", "ends_at": "2026-12-05T17:00:00+08:00"}]


@route(blueprint, "POST", "/signups/<row:signup_id>/accept", access.PUBLIC, refusals=(NotFound, errors.OfferGone))
def accept_offer(signup_id: int, body: line_schemas.ByTicketIn | None) -> schemas.SignupStateOut:
    """Take the seat that was offered. Declining is withdrawing."""
    found, own = signup_to_act_on(signup_id, body.ticket_token if body else "")
    return presenting.signup_state(offers.accept(found), to_owner=own)


@route(blueprint, "POST", "/signups/<row:signup_id>/move", access.PUBLIC, status=201, example={"run_id": 12},
       refusals=(NotFound, errors.CannotMove, errors.AlreadySignedUp, errors.OverlappingSignup,
                 errors.NothingToRenew))  # fmt: skip
def move_signup(signup_id: int, body: line_schemas.MoveIn) -> schemas.SignupMadeOut:
    """Move to another run. In its line, the place here is kept until a seat comes there."""
    found, _ = signup_to_act_on(signup_id, body.ticket_token)
    return presenting.made(moving.move(found, body.run_id))


@route(blueprint, "POST", "/signups/<row:signup_id>/answer", access.PUBLIC,
       example={"change_id": 3, "answer": "agree"}, refusals=(NotFound, errors.CannotWithdraw))  # fmt: skip
def answer_change(signup_id: int, body: line_schemas.AnswerIn) -> schemas.SignupStateOut:
    """Answer a change of the run: agree, move (then call ``move``), or withdraw, which gives the place back."""
    found, own = signup_to_act_on(signup_id, body.ticket_token)
    changes.answer(found, body.change_id, body.answer)
    if body.answer == "withdraw":
        found = withdraw(found, "改期后退出")
    return presenting.signup_state(found, to_owner=own)


@route(blueprint, "POST", "/runs/<row:run_id>/cancel", OPERATOR, example={"reason": "场地停电"},
       refusals=(NotFound, errors.RunNotOpen, errors.ReasonMissing))  # fmt: skip
def cancel_run(run_id: int, body: line_schemas.ReasonIn) -> schemas.RunOut:
    """Call a run off; everybody is told once, with the reason and other dates."""
    changes.cancel(_mine(run_id), body.reason)
    return presenting.run_page(queries.run_with_seats(run_id))


@route(blueprint, "POST", "/runs/<row:run_id>/reschedule", OPERATOR, example={"reason": "教室检修", "meetings": _TIMES},
       refusals=(NotFound, errors.RunNotOpen, errors.RunBegun, errors.ReasonMissing, errors.RunTimesWrong,
                 ClashesUnseen))  # fmt: skip
def reschedule_run(run_id: int, body: line_schemas.RescheduleIn) -> schemas.RunOut:
    """Move a run to other times; places are kept and everybody is asked once.

    Whoever holds a place elsewhere on one of these days is told of in ``clashes`` of the refusal ``clashes_unseen``;
    with ``despite_clashes`` it is done all the same.
    """
    run, sittings = _mine(run_id), [Sitting(m.starts_at, m.ends_at) for m in body.meetings]
    check_despite(run_id, sittings, despite=body.despite_clashes)
    changes.reschedule(run, sittings, body.reason)
    return presenting.run_page(queries.run_with_seats(run_id))


@route(blueprint, "POST", "/runs/<row:run_id>/merge", OPERATOR, example={"into": 12, "reason": "报名人数不足，拼班"},
       refusals=(NotFound, errors.RunNotOpen, errors.RunBegun, errors.ReasonMissing, errors.CannotMerge,
                 ClashesUnseen))  # fmt: skip
def merge_run(run_id: int, body: line_schemas.MergeIn) -> schemas.RunOut:
    """Move everybody to another run of the same kind and call this one off; clashes as when a run is rescheduled."""
    run, into = _mine(run_id), _mine(body.into)
    times = [Sitting(one.starts_at, one.ends_at) for one in queries.meetings_of(into.id)]
    check_despite(run_id, times, despite=body.despite_clashes, but=(into.id,))
    merging.merge(run, into, body.reason)
    return presenting.run_page(queries.run_with_seats(body.into))


@route(blueprint, "GET", "/runs/<row:run_id>/reserves", access.STAFF, refusals=(NotFound,))
def list_reserves(run_id: int) -> line_schemas.ReservesOut:
    """List the places kept for units, and what became of them."""
    found = queries.run_shown(run_id, runs_visible_to(context.principal()))
    run_for(context.principal(), found.run.id)
    return line_schemas.ReservesOut(items=[_reserve(one) for one in reserving.reserves_listed(run_id)])


@route(blueprint, "POST", "/runs/<row:run_id>/reserves", OPERATOR, status=201, example={"unit_id": 3, "places": 10},
       refusals=(NotFound, errors.RunNotOpen, errors.PlacesNotFree, errors.AlreadyReserved,
                 errors.UnknownChoice))  # fmt: skip
def reserve_places(run_id: int, body: line_schemas.ReserveIn) -> line_schemas.ReservesOut:
    """Keep free seats for a unit and everything below it, until they are released."""
    reserving.reserve_places(_mine(run_id), body.unit_id, body.places, body.release_at)
    return line_schemas.ReservesOut(items=[_reserve(one) for one in reserving.reserves_listed(run_id)])


@route(blueprint, "POST", "/runs/<row:run_id>/reserves/<row:pool_id>/release", OPERATOR, refusals=(NotFound,))
def release_places(run_id: int, pool_id: int) -> schemas.RunOut:
    """Give what is unused to everybody, first to who waits. Doing it twice changes nothing."""
    reserving.release_places(_mine(run_id).id, pool_id)
    return presenting.run_page(queries.run_with_seats(run_id))


def _mine(run_id: int) -> CourseRun:
    return run_for(context.principal(), run_id, roles=("operator",))


def _reserve(one: reserving.Reserved) -> line_schemas.ReserveOut:
    return line_schemas.ReserveOut(
        id=one.pool.id, unit=schemas.UnitRefOut.model_validate(one.unit), places=one.pool.capacity,
        taken=one.pool.taken, release_at=one.pool.release_at, released_at=one.pool.released_at,
    )  # fmt: skip
