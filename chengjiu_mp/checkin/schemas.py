"""What a phone uploads, and what it is answered."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from chengjiu_mp.core import clock
from chengjiu_mp.core.parsing import In, Out, RowId
from chengjiu_mp.people.schemas import PersonIn

Source = Literal["camera", "name", "code", "paper"]
Verdict = Literal["accepted", "already", "refused"]

_YEARS = timedelta(days=10 * 366)


def _near(instant: datetime) -> datetime:
    """Keep to what every database and time zone can hold; a dead phone clock says 1970, and is refused later."""
    now = clock.now()
    return min(max(instant.astimezone(UTC), now - 6 * _YEARS), now + _YEARS)


def _in_utc(instant: datetime) -> datetime:
    try:
        return _near(instant)
    except OverflowError:
        raise PydanticCustomError("datetime_object_invalid", "out of range") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class ScanIn(In):
    """One scan or tick, with one of ``ticket``, ``ticket_key`` and ``signup_id``. ``nonce`` is made on the phone, once
    per scan.

    ``ticket``: the ticket's whole link, its bare token, or the six-character code. ``ticket_key``: SHA-256 in hex of
    the token, or of the code behind the run's number and a colon: a phone that waits keeps nothing readable.
    """

    nonce: str = Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")
    ticket: str | None = Field(default=None, min_length=1, max_length=500)
    ticket_key: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    signup_id: RowId | None = None
    meeting_id: RowId
    scanned_at: Instant
    source: Source = "camera"

    @model_validator(mode="after")
    def _one_of_three(self) -> "ScanIn":
        if sum(one is not None for one in (self.ticket, self.ticket_key, self.signup_id)) != 1:
            raise PydanticCustomError("missing", "ticket, ticket_key or signup_id")
        return self


class ScansIn(In):
    """A batch. ``sent_at`` is the phone's clock at sending; times of a clock that is off are put right by it.

    ``late_reason``: why ticks from paper are entered after the run was closed.
    """

    scans: list[ScanIn] = Field(min_length=1, max_length=200)
    sent_at: Instant | None = None
    late_reason: str = Field(default="", max_length=200)


class ScanAnswer(Out):
    """``first_at`` and ``by`` say who checked this person in and when, as it stood when this scan was recorded."""

    nonce: str
    verdict: Verdict
    code: str
    first_at: datetime | None
    by: str | None
    message: str
    name: str | None
    signup_id: int | None
    scan_id: int


class ScanAnswers(Out):
    items: list[ScanAnswer]


class AnnulIn(In):
    reason: str = Field(min_length=1, max_length=200)


class AnnulOut(Out):
    scan_id: int
    signup_id: int
    checked_in: bool


class CheckInsQuery(In):
    meeting_id: RowId | None = None


class CheckInRowOut(Out):
    signup_id: int
    name_masked: str
    checked_in: bool
    first_at: datetime | None
    by: str | None
    over_capacity: bool


class CheckInsOut(Out):
    """``expected``: people with a seat or already here; ``arrived``: those checked in to the meeting."""

    run_id: int
    meeting_id: int
    arrived: int
    expected: int
    refused: int
    items: list[CheckInRowOut]


class ScanRosterRowOut(Out):
    """``keys``: the first 32 hex digits of SHA-256 of the ticket's token, and of its code after the run's number.

    ``phone_end``: the last digits, as the masked number shows them. ``sealed``: the full name for who scans the ticket:
    base64url of a nonce of 12 bytes and AES-256-GCM of {name, latin_name?} as JSON, under HKDF-SHA256 of the ticket's
    token with the info "roster1|<run id>".
    """

    signup_id: int
    keys: list[str]
    name_masked: str
    phone_end: str
    unit_id: int
    sealed: str
    first_at: datetime | None
    by: str | None


class ScanRosterOut(Out):
    """What a phone keeps to answer honestly without network: no whole name or phone, no ticket in the clear."""

    run_id: int
    meeting_id: int
    items: list[ScanRosterRowOut]


class WalkInIn(PersonIn):
    """Who stands at the door without a sign-up. ``over``: somebody in charge agreed to one more than the capacity."""

    meeting_id: RowId
    over: bool = False


class WalkInOut(Out):
    """The ticket itself goes to the person's phone; ``code`` is for who has none at hand."""

    signup_id: int
    code: str
    over_capacity: bool
    scan: ScanAnswer
