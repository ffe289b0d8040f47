"""Shapes of progress, in and out."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from chengjiu_mp.certificates.delivery_schemas import PaperDataOut
from chengjiu_mp.certificates.schemas import EarlierOut, HolderPhotoOut
from chengjiu_mp.core.parsing import Day, In, Out, RowId

Year = Field(default=None, ge=2022, le=2099, description="plan year; the current one by default")


class ProgressQuery(In):
    year: int | None = Year


class FigureOut(Out):
    """``target`` is null while none was handed down."""

    target: int | None
    done: int


class ProgressLineOut(Out):
    """A row of the plan, or a sum. ``junior`` is part of ``certified``; ``online`` is apart from ``popular``."""

    unit_id: int
    name: str
    certified: FigureOut
    junior: FigureOut
    popular: FigureOut
    online: int
    runs: int


class SectorLineOut(Out):
    sector_id: int
    name: str
    certified: int
    popular: int
    online: int
    runs: int


class CountersOut(Out):
    """百千万 from 2022 through the year: goals 100 instructors, 1000 runs, 100,000 people, 15,000 certified."""

    instructors: int
    instructors_unknown: int
    runs: int
    people: int
    people_online: int
    certified: int


class ProgressOut(Out):
    """``persons`` are different people (人数); ``totals.certified.done`` counts certificates (人次)."""

    year: int
    as_of: date
    title: str
    is_sample: bool
    has_targets: bool
    rows: list[ProgressLineOut]
    unassigned: ProgressLineOut
    totals: ProgressLineOut
    sectors: list[SectorLineOut]
    counters: CountersOut
    persons: int


class DaysQuery(In):
    """``unit_id`` is a row of the plan, 0 for what belongs to none; left out, all of them. ``since`` and ``until`` are
    the first and the last day; one left out is the begin of the year, or today.
    """

    since: Day | None = None
    until: Day | None = None
    unit_id: int | None = Field(default=None, ge=0, le=2_147_483_647)


class ProgressRowsQuery(DaysQuery):
    """Which figure's rows. With ``since`` or ``until``, ``year`` and ``since_start`` are not looked at."""

    year: int | None = Year
    metric: Literal["certified", "junior", "popular", "online", "runs", "trained"] = "certified"
    sector_id: RowId | None = None
    key_group: Literal["officials", "school_staff", "students", "medical", "police", "high_risk", "other"] | None = None
    since_start: bool = False
    cursor: str | None = Field(default=None, max_length=100)


class ProgressRowOut(Out):
    kind: Literal["certificate", "run", "signup"]
    id: int
    text: str
    number: str
    course: str
    unit: str
    on: date
    count: int
    run_id: int | None
    # A 普及 run that was closed and that no picture shows yet.
    lacks_evidence: bool


class ProgressRowsOut(Out):
    items: list[ProgressRowOut]
    next_cursor: str | None
    total: int


class ClassLineOut(Out):
    """人次. ``key`` is a key group, or a sector's id. ``junior`` is part of ``certified``; ``online`` is apart."""

    key: str
    name: str
    trained: int
    certified: int
    junior: int
    popular: int
    online: int


class ClassesOut(Out):
    """The same figures by class of people and by sector; each adds up to ``totals``. ``persons`` of trained (人数)."""

    since: date
    until: date
    unit_id: int | None
    groups: list[ClassLineOut]
    sectors: list[ClassLineOut]
    totals: ClassLineOut
    persons: int


class PassQuery(In):
    """``pass``: from ``POST /me/pass``. Without it: what this token signed up, and what its account's name reaches."""

    pass_token: str = Field("", max_length=600, alias="pass")


class OwnNameIn(In):
    name: str = Field(max_length=200)


class PassOut(Out):
    """Good for ``expires_in`` seconds, with the sign-in it was given to and no other."""

    pass_token: str
    expires_in: int


class PassIn(In):
    pass_token: str = Field("", max_length=600, alias="pass")


class ErasureIn(In):
    """``confirm`` must be true: nothing of this can be undone. ``forget_certificates`` destroys the index by which
    staff find a holder's certificates with the document in hand.
    """

    confirm: bool = False
    forget_certificates: bool = False
    pass_token: str = Field("", max_length=600, alias="pass")


class ErasedOut(Out):
    people: int
    signups: int
    places: int
    messages: int
    account_closed: bool


class ConsentOut(Out):
    """``consequence``: what its withdrawal does, to be told before; ``ends_signup``: it ends a live sign-up."""

    id: int
    purpose: str
    version: int
    title: str
    required: bool
    text_url: str
    text_sha256: str
    signup_id: int | None
    channel: str
    given_at: datetime
    withdrawn_at: datetime | None
    ends_signup: bool
    consequence: str


class ConsentsOut(Out):
    items: list[ConsentOut]


class PhoneDataOut(Out):
    phone: str
    proved_at: datetime


class ConsentDataOut(Out):
    id: int
    signup_id: int | None
    purpose: str
    version: int
    title: str
    required: bool
    text_sha256: str
    channel: str
    given_at: datetime
    withdrawn_at: datetime | None
    text_path: str


class SignupDataOut(Out):
    id: int
    run_id: int
    title: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    venue: str
    state: str
    outcome: str | None
    name: str
    latin_name: str | None
    phone: str
    channel: str
    signed_up_at: datetime
    ended_at: datetime | None
    reason: str | None
    over_capacity: bool
    health_notice_read_at: datetime | None


class CheckInDataOut(Out):
    signup_id: int
    meeting_starts_at: datetime
    checked_in_at: datetime
    left_at: datetime | None


class ResultDataOut(Out):
    signup_id: int
    attempt: int
    points: dict[str, float]
    outcome: str


class CertificateDataOut(Out):
    id: int
    number: str
    kind: str
    state: str
    name: str
    issued_on: date
    valid_until: date | None
    verify_url: str


class MessageDataOut(Out):
    kind: str
    written_at: datetime


class MessagesDataOut(Out):
    count: int
    items: list[MessageDataOut]


class PersonDataOut(Out):
    """All that is held of a person, numbers masked. Not ``whole``: of some sign-ups, not of the person."""

    id: int
    name_masked: str
    whole: bool
    document_type: str
    document_number: str | None
    name_proved: str | None
    phones_proved: list[PhoneDataOut]
    consents: list[ConsentDataOut]
    signups: list[SignupDataOut]
    check_ins: list[CheckInDataOut]
    results: list[ResultDataOut]
    certificates: list[CertificateDataOut]
    earlier_certificates: list[EarlierOut]
    papers: list[PaperDataOut]
    photos: list[HolderPhotoOut]
    messages: MessagesDataOut


class OwnDataOut(Out):
    made_at: datetime
    people: list[PersonDataOut]
