"""Shapes of the JSON routes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from chengjiu_mp.core.parsing import Day, In, Out, RowId
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.schemas import PersonIn

Title = Annotated[str, Field(max_length=100)]
Capacity = Annotated[int, Field(ge=1, le=5000)]


class RunsQuery(In):
    """``date`` is a day in Jiangyin; ``unit`` includes everything below it; ``weekend`` leaves no Monday to Friday."""

    kind: str | None = Field(None, max_length=30)
    unit: RowId | None = None
    date: Day | None = None
    sector: str | None = Field(None, max_length=20)
    weekend: bool = False
    cursor: str | None = Field(None, max_length=60)
    limit: int = Field(50, ge=1, le=100)


class MeetingIn(In):
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class RunIn(In):
    """``kind`` is a course type's code, ``sector`` one of the six codes; what is left out has a default."""

    kind: str = Field(max_length=30)
    unit_id: RowId
    venue_id: RowId
    meetings: list[MeetingIn] = Field(min_length=1, max_length=20)
    sector: str = Field("community", max_length=20)
    title: Title = ""
    capacity: Capacity | None = None
    signup_opens_at: AwareDatetime | None = None
    signup_closes_at: AwareDatetime | None = None
    instructor_ids: list[RowId] = Field(default_factory=list, max_length=20)
    open_to_all: bool = True
    online: bool = False
    key_group: str | None = Field(None, max_length=20)


class CapacityIn(In):
    capacity: Capacity


class CloseIn(In):
    """``note`` explains a head count below the check-ins, or a correction."""

    head_count: int | None = Field(None, ge=0, le=100_000)
    note: str = Field("", max_length=300)


class GuardianIn(In):
    """Who is asked for children under 14, once for all of a form."""

    name: str = Field(max_length=200)
    relation: Literal["mother", "father", "grandparent", "other"]
    phone: str = Field(max_length=60)


class SignupIn(PersonIn):
    """``doc_type`` is guessed from the number when left out; ``birth_date`` is for documents that do not tell it.

    ``latin_surname`` and ``latin_given`` are a passport's Latin name, optional, beside the name.

    ``guardian`` is asked when the person is under 14; until they agree the sign-up is ``pending``.
    ``challenge`` and ``answer`` reply to a refusal ``question_needed``.
    """

    guardian: GuardianIn | None = None
    challenge: str = Field("", max_length=400)
    answer: str = Field("", max_length=30)


class ConfirmIn(In):
    """Who made the sign-up elsewhere shows the ticket instead."""

    ticket_token: str = Field("", max_length=60)


class WithdrawIn(In):
    """Who made the sign-up elsewhere shows the ticket instead."""

    ticket_token: str = Field("", max_length=60)
    reason: str = Field("", max_length=200)


class SignupCorrectionIn(In):
    """What is left out stays. ``ticket_token`` is for who made the sign-up elsewhere; ``reason`` is for staff."""

    ticket_token: str = Field("", max_length=60)
    reason: str = Field("", max_length=200)
    name: str | None = Field(None, max_length=200)
    doc_number: str | None = Field(None, max_length=100)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    phone: str | None = Field(None, max_length=60)
    latin_surname: str | None = Field(None, max_length=200)
    latin_given: str | None = Field(None, max_length=200)


class MeetingOut(Out):
    id: int
    sequence: int
    starts_at: datetime
    ends_at: datetime


class PlaceOut(Out):
    id: int
    name: str
    address: str
    directions: str


class UnitRefOut(Out):
    id: int
    name: str


class SectorRefOut(Out):
    code: str
    name: str


class NoticeRefOut(Out):
    """A text to agree to before signing up."""

    purpose: str
    version: int
    title: str
    required: bool


class RunLineOut(Out):
    """A run in a list. ``phase`` says what can be done now: open, full (waiting places), not_open, signup_closed, …"""

    id: int
    title: str
    kind: str
    kind_name: str
    state: Literal["draft", "published", "closed", "cancelled"]
    phase: str
    seats_left: int
    capacity: int
    waiting: int
    starts_at: datetime
    ends_at: datetime
    signup_opens_at: datetime
    signup_closes_at: datetime
    closes_at: datetime
    venue: PlaceOut
    unit: UnitRefOut
    sector: SectorRefOut
    min_age: int
    url: str


class AlternativeOut(RunLineOut):
    """A run with a seat free, and why it is named: the same kind of course, the same town."""

    same_kind: bool
    same_town: bool


class RunOut(RunLineOut):
    """``alternatives``: the next runs with seats, once this one is full, past or called off."""

    meetings: list[MeetingOut]
    bring: str
    health_notice: str
    cancel_reason: str
    consents: list[NoticeRefOut]
    head_count: int | None
    alternatives: list[AlternativeOut]


class RunsOut(Out):
    items: list[RunLineOut]
    next_cursor: str | None


class WarnedOut(Out):
    code: str
    sentence: str


class RunAndWarningsOut(RunOut):
    """The run as it is now, and what staff should know."""

    warnings: list[WarnedOut]


class SignupMadeOut(Out):
    """``position`` counts from 1 among those who wait; null for a seat.

    ``doc_type`` is what the number was read as; ``doc_type_corrected`` when another one had been chosen.
    ``guardian_token`` opens the page of the guardian who is still to agree; null when nobody is asked.
    """

    id: int
    run_id: int
    state: str
    position: int | None
    code: str
    ticket_token: str
    ticket_url: str
    doc_type: DocType
    doc_type_corrected: bool
    guardian_token: str | None = None


class SignupCorrectedOut(Out):
    """What became of each thing that was to be put right: changed, same, or to_desk (proved: staff look into it)."""

    id: int
    name: str | None
    document: str | None
    phone: str | None
    latin_name: str | None
    doc_type: DocType
    doc_type_corrected: bool


class QuestionOut(Out):
    """A change of the run that the holder was asked about; ``answer`` is null until they say something."""

    change_id: int
    kind: Literal["cancelled", "rescheduled", "merged"]
    reason: str
    was_starts_at: datetime
    answer: str | None


class SignupStateOut(Out):
    """``ticket_token`` and ``ticket_url`` are the owner's alone. ``offer_ends_at`` is null until the offer arrived.

    ``confirm_by``: until when the holder says once more that they come, null when that is not asked (any more).
    """

    id: int
    run_id: int
    state: str
    position: int | None
    waiting: int
    outcome: str | None
    offer_ends_at: datetime | None
    question: QuestionOut | None
    excused: bool
    confirm_by: datetime | None
    code: str | None
    ticket_token: str | None
    ticket_url: str | None


class RosterLineOut(Out):
    """``doc_last4`` is null for instructors; ``position`` is the place in the line; ``latin_name`` may be empty.

    ``name_confirmed``: the holder looked at it as it will be printed, or it was proved face to face.
    """

    id: int
    name: str
    latin_name: str
    phone_masked: str
    doc_type: str
    doc_last4: str | None
    state: str
    position: int | None
    outcome: str | None
    name_confirmed: bool
    over_capacity: bool
    warnings: list[str]


class RosterOut(Out):
    run_id: int
    items: list[RosterLineOut]
