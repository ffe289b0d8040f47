"""Check-in for phones: scans go up, counts and the day's roster come down."""

from typing import Any

from flask import Blueprint

from chengjiu_mp.checkin import attendance, phone_roster, queries, schemas
from chengjiu_mp.checkin.device_api import MAY, MAY_HELP, door
from chengjiu_mp.checkin.device_errors import DeviceRevoked
from chengjiu_mp.checkin.errors import (
    CheckInNeeded,
    LateEntryRefused,
    NoMeetings,
    NotCheckedIn,
    NothingToAnnul,
    RosterNotOpen,
)
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.checkin.walking_in import WalkIn, add_at_the_door
from chengjiu_mp.core import ids
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import errors
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.documents import DocumentRefused
from chengjiu_mp.people.errors import ConsentMissing, ErasedMeanwhile
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused

blueprint = Blueprint("checkin_api", __name__, url_prefix="/api/v1")

_UPLOAD = {
    "scans": [
        {
            "nonce": "0b8e3c1e-5a0f-4f3e-9a53-6c9d1f0e7a11",
            "ticket": "https://example.test/i/abcdefghijklmnopqrstuvwxyz",
            "meeting_id": 1,
            "scanned_at": "2026-11-28T14:02:11+08:00",
            "source": "camera",
        }
    ],
    "sent_at": "2026-11-28T14:02:12+08:00",
}


_WALK_IN = {
    "name": "张三", "doc_number": "11010519491231002X", "phone": "13900000000", "meeting_id": 1, "over": False,
    "consents": [{"purpose": "signup", "version": 1}, {"purpose": "document_number", "version": 1}],
}  # fmt: skip


@route(blueprint, "POST", "/runs/<row:run_id>/scans", MAY_HELP, example=_UPLOAD,
       refusals=(NotFound, RosterNotOpen, NoMeetings, DeviceRevoked, LateEntryRefused))  # fmt: skip
def upload_scans(run_id: int, body: schemas.ScansIn) -> schemas.ScanAnswers:
    """Record scans; sending the same nonces again changes nothing and is answered the same."""
    items = record_scans(run_id, body.scans, principal(), sent_at=body.sent_at, late=body.late_reason)
    return schemas.ScanAnswers(items=items)


@route(blueprint, "POST", "/runs/<row:run_id>/walk-ins", MAY, status=201, example=_WALK_IN,
       refusals=(NotFound, RosterNotOpen, NoMeetings, NotCheckedIn, errors.RunIsFull, errors.SignupClosed,
                 errors.AlreadySignedUp, errors.OverlappingSignup, errors.TooYoung, errors.GuardianRequired,
                 errors.NothingToRenew, errors.TooManyPlaces, DocumentRefused, NameRefused, PhoneRefused,
                 ConsentMissing, ErasedMeanwhile))  # fmt: skip
def add_walk_in(run_id: int, body: schemas.WalkInIn) -> schemas.WalkInOut:
    """Sign up who came to the door, and check them in, or neither; beyond the capacity only with ``over``."""
    fields = set(schemas.WalkInIn.model_fields) - {"meeting_id", "over"}
    entry = Entry(**{name: getattr(body, name) for name in fields})
    made, scan = add_at_the_door(run_id, entry, WalkIn(body.meeting_id, ids.new_token(), body.over), principal())
    row = made.signup
    return schemas.WalkInOut(signup_id=row.id, code=row.code, over_capacity=row.over_capacity, scan=scan)


@route(blueprint, "POST", "/scans/<row:scan_id>/annul", MAY, example={"reason": "点错了人"},
       refusals=(NotFound, NothingToAnnul, CheckInNeeded, RosterNotOpen))  # fmt: skip
def annul_scan(scan_id: int, body: schemas.AnnulIn) -> schemas.AnnulOut:
    """Take a check-in back, with the reason; the person can check in again."""
    signup = attendance.annul(scan_id, body.reason, principal())
    return schemas.AnnulOut(scan_id=scan_id, signup_id=signup.id, checked_in=signup.outcome == "attended")


@route(blueprint, "GET", "/runs/<row:run_id>/checkins", MAY_HELP,
       refusals=(NotFound, RosterNotOpen, NoMeetings, DeviceRevoked))  # fmt: skip
def list_checkins(run_id: int, query: schemas.CheckInsQuery) -> schemas.CheckInsOut:
    """Say who is here: counts and masked rows of the meeting under way, or of the one named."""
    run = door(run_id).run
    meeting = queries.meeting_of(run.id, query.meeting_id)
    figures = queries.counts(run.id, meeting.id)
    items = [_row(*found) for found in queries.attendance(run.id, meeting.id)]
    return schemas.CheckInsOut(
        run_id=run.id, meeting_id=meeting.id, arrived=figures.arrived, expected=figures.expected,
        refused=figures.refused, items=items,
    )  # fmt: skip


@route(blueprint, "GET", "/runs/<row:run_id>/scan-roster", MAY_HELP,
       refusals=(NotFound, RosterNotOpen, NoMeetings, DeviceRevoked))  # fmt: skip
def scan_roster(run_id: int, query: schemas.CheckInsQuery) -> schemas.ScanRosterOut:
    """Give the phone what it needs to answer honestly without network: hashes, masked names, and what tickets open."""
    run = door(run_id).run
    meeting = queries.meeting_of(run.id, query.meeting_id)
    items = [_phone_row(*found) for found in queries.attendance(run.id, meeting.id)]
    return schemas.ScanRosterOut(run_id=run.id, meeting_id=meeting.id, items=items)


def _row(signup: Signup, here: CheckIn | None) -> schemas.CheckInRowOut:
    return schemas.CheckInRowOut(
        signup_id=signup.id, name_masked=mask_name(signup.name), checked_in=here is not None,
        over_capacity=signup.over_capacity, **_when(here),
    )  # fmt: skip


def _phone_row(signup: Signup, here: CheckIn | None) -> schemas.ScanRosterRowOut:
    return schemas.ScanRosterRowOut(
        signup_id=signup.id, keys=phone_roster.keys_of(signup), name_masked=mask_name(signup.name),
        phone_end=phone_roster.phone_end(signup), unit_id=signup.owner_unit_id,
        sealed=phone_roster.sealed_details(signup), **_when(here),
    )  # fmt: skip


def _when(here: CheckIn | None) -> dict[str, Any]:
    return {"first_at": here.first_at if here else None, "by": here.by_name if here else None}
