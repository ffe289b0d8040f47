"""The door for programs: letting in from the line, what several phones say, and 先签到后补录."""

from flask import Blueprint

from chengjiu_mp.checkin import door_schemas as schemas
from chengjiu_mp.checkin import policy, provisional, queries
from chengjiu_mp.checkin.conflicts import conflicts
from chengjiu_mp.checkin.errors import (
    NoMeetings,
    NotCheckedIn,
    OnTheRoster,
    ProvisionalEnded,
    RosterNotOpen,
    TooLateToComplete,
)
from chengjiu_mp.checkin.schemas import AnnulIn, CheckInsQuery, ScanAnswer
from chengjiu_mp.checkin.walking_in import WalkIn, let_in_at_the_door
from chengjiu_mp.core import access, ids
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import errors
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.people.documents import DocumentRefused
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused

blueprint = Blueprint("checkin_door_api", __name__, url_prefix="/api/v1")

MAY = access.roles("instructor", "operator")
_COMPLETE = {
    "name": "张三", "doc_number": "11010519491231002X",
    "consents": [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}],
}  # fmt: skip


@route(blueprint, "POST", "/runs/<row:run_id>/let-ins", MAY, status=201, example={"signup_id": 1, "meeting_id": 1},
       refusals=(NotFound, RosterNotOpen, NoMeetings, NotCheckedIn, errors.NotWaiting,
                 errors.SignupClosed))  # fmt: skip
def let_in(run_id: int, body: schemas.LetInIn) -> ScanAnswer:
    """Seat somebody of the line beyond the capacity, flagged, and check them in; or neither."""
    how = WalkIn(body.meeting_id, ids.new_token(), over=True)
    return let_in_at_the_door(run_id, body.signup_id, how, principal())


@route(blueprint, "GET", "/runs/<row:run_id>/scan-conflicts", MAY, refusals=(NotFound, RosterNotOpen, NoMeetings))
def scan_conflicts(run_id: int, query: CheckInsQuery) -> schemas.ConflictsOut:
    """List whom more than one phone checked in to the meeting, with what each said and which counts."""
    run = policy.run_to_check_in(principal(), run_id)
    meeting = queries.meeting_of(run.id, query.meeting_id)
    return schemas.ConflictsOut(
        items=[
            schemas.ConflictOut(
                signup_id=one.signup_id, name_masked=mask_name(one.name),
                marks=[schemas.ConflictMarkOut.model_validate(vars(mark)) for mark in one.marks],
            )
            for one in conflicts(run.id, meeting.id)
        ]
    )  # fmt: skip


@route(blueprint, "POST", "/runs/<row:run_id>/provisional-check-ins", MAY, status=201,
       example={"phone": "13900000000", "name": "王阿姨"},
       refusals=(NotFound, RosterNotOpen, NoMeetings, NotCheckedIn, OnTheRoster, PhoneRefused))  # fmt: skip
def come_first(run_id: int, body: schemas.CameFirstIn) -> schemas.CameFirstOut:
    """Record by a phone number that somebody is here; who they are follows, and until then they count for nothing."""
    row = provisional.come_first(run_id, body.meeting_id, body.phone, body.name, principal())
    return schemas.CameFirstOut(id=row.id, came_at=row.came_at, url=provisional.url_of(row))


@route(blueprint, "POST", "/runs/<row:run_id>/provisional-check-ins/<row:row_id>/complete", MAY, status=201,
       example=_COMPLETE,
       refusals=(NotFound, RosterNotOpen, NotCheckedIn, ProvisionalEnded, TooLateToComplete, errors.SignupClosed,
                 errors.AlreadySignedUp, errors.OverlappingSignup, errors.TooYoung, errors.GuardianRequired,
                 errors.NothingToRenew, errors.TooManyPlaces, DocumentRefused, NameRefused, ConsentMissing,
                 ErasedMeanwhile))  # fmt: skip
def complete(run_id: int, row_id: int, body: schemas.CompleteIn) -> schemas.CompletedOut:
    """Say who came first: a sign-up, checked in from when they came."""
    provisional.of_run(principal(), run_id, row_id)
    typed = {name: getattr(body, name) for name in schemas.CompleteIn.model_fields}
    row = provisional.complete(row_id, Entry(phone="", **typed)).signup
    return schemas.CompletedOut(signup_id=row.id, code=row.code, over_capacity=row.over_capacity)


@route(blueprint, "POST", "/runs/<row:run_id>/provisional-check-ins/<row:row_id>/drop", MAY, status=204,
       example={"reason": "留错了号码"}, refusals=(NotFound, RosterNotOpen, ProvisionalEnded))  # fmt: skip
def drop(run_id: int, row_id: int, body: AnnulIn) -> None:
    """End it without a sign-up, with the reason."""
    provisional.drop(run_id, row_id, body.reason, principal())
