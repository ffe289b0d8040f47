"""Course types with versioned syllabi, runs that freeze them, seats in pools, and sign-ups."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.latin_names import LatinName
from chengjiu_mp.venues.models import Venue

# Rulings: seats are held by these two; attendance is an outcome, not a state.
SEATED = ("confirmed", "offered")
LIVE = ("pending", "confirmed", "waitlisted", "offered")
_LIVE_SQL = text("state in ('pending','confirmed','waitlisted','offered')")
_UNSETTLED_SQL = text("state in ('pending','offered')")
_TO_CONFIRM_SQL = text("state = 'confirmed' and confirm_by is not null and reconfirmed_at is null")


class CourseType(Base):
    """A kind of course. ``family``: popular (no certificate), certified, or instructor.

    A refresher (复训) renews the certificates of the kind ``refresh_of_id``: who passes it gets one of that kind.
    """

    __tablename__ = "course_type"
    __table_args__ = (
        CheckConstraint("family in ('popular','certified','instructor')", name="family"),
        CheckConstraint("refresh_of_id is null or (refresh_of_id <> id and family = 'certified')", name="refresh_of"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    family: Mapped[str] = mapped_column(String(12))
    sort: Mapped[int] = mapped_column(default=0)
    refresh_of_id: Mapped[int | None] = mapped_column(ForeignKey("course_type.id"))


class Syllabus(Base):
    """A version of a course type's values. ``unconfirmed`` lists the columns nobody has confirmed (待业务核实)."""

    __tablename__ = "syllabus"
    __table_args__ = (
        Index("uq_syllabus_type_version", "course_type_id", "version", unique=True),
        CheckConstraint("capacity_default > 0", name="capacity"),
        CheckConstraint("min_attendance_ratio >= 0 and min_attendance_ratio <= 1", name="attendance_ratio"),
        CheckConstraint("renew_within_months >= 0", name="renew_within"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_type_id: Mapped[int] = mapped_column(ForeignKey("course_type.id"))
    version: Mapped[int]
    hours: Mapped[float]
    capacity_default: Mapped[int]
    min_age: Mapped[int]
    # None: no certificate, or one without an end; of a refresher: as long as those of the kind that it renews.
    validity_months: Mapped[int | None]
    # Of a refresher: how long after its end a certificate can still be renewed by it.
    renew_within_months: Mapped[int] = mapped_column(default=6)
    exam_scheme_id: Mapped[int | None] = mapped_column(ForeignKey("exam_scheme.id"))
    # Whether people are scanned out too, and which part of the planned minutes a certificate wants, 0 … 1.
    exit_scan: Mapped[bool] = mapped_column(default=False)
    min_attendance_ratio: Mapped[float] = mapped_column(default=1.0)
    bring: Mapped[str] = mapped_column(String(300), default="")
    health_notice: Mapped[str] = mapped_column(String(300), default="")
    unconfirmed: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    course_type: Mapped[CourseType] = relationship(lazy="joined", innerjoin=True)


class CourseRun(Base):
    """A run (场次): what citizens sign up to. It freezes the versions it was published with."""

    __tablename__ = "course_run"
    __table_args__ = (
        CheckConstraint("state in ('draft','published','closed','cancelled')", name="state"),
        CheckConstraint("head_count is null or head_count >= 0", name="head_count"),
    )

    PLACE = "course_run.token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    syllabus_id: Mapped[int] = mapped_column(ForeignKey("syllabus.id"))
    exam_scheme_id: Mapped[int | None] = mapped_column(ForeignKey("exam_scheme.id"))
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"))
    key_group: Mapped[str | None] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    # An open run asks one tap for the owner unit after the ticket; a unit's own run does not.
    open_to_all: Mapped[bool] = mapped_column(default=True)
    online: Mapped[bool] = mapped_column(default=False)
    signup_opens_at: Mapped[datetime]
    signup_closes_at: Mapped[datetime]
    # First begin and last end of the meetings, kept for lists and for the plan year.
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)
    head_count: Mapped[int | None]
    head_count_note: Mapped[str] = mapped_column(String(300), default="")
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    # Where a cancelled run's people were moved to (拼班).
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("course_run.id"))
    # Written by exams when results are handed in, for check-in to read: nobody's attendance is taken back under them.
    attendance_fixed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    syllabus: Mapped[Syllabus] = relationship(lazy="raise")
    venue: Mapped[Venue] = relationship(lazy="raise")
    meetings: Mapped[list["Meeting"]] = relationship(lazy="raise", order_by="Meeting.sequence")
    instructors: Mapped[list[Instructor]] = relationship(
        secondary="run_instructor", lazy="raise", order_by=Instructor.id
    )


class Meeting(Base):
    """One sitting (课次) of a run; check-in is per meeting."""

    __tablename__ = "meeting"
    __table_args__ = (
        Index("uq_meeting_run_sequence", "run_id", "sequence", unique=True),
        CheckConstraint("ends_at > starts_at", name="order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    sequence: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class RunInstructor(Base):
    """Who teaches a run."""

    __tablename__ = "run_instructor"

    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(ForeignKey("instructor.id"), primary_key=True, index=True)


class SeatPool(Base):
    """Seats of a run; more than one when places are reserved. The row's lock is what orders sign-ups (rel-S1, S4)."""

    __tablename__ = "seat_pool"
    __table_args__ = (
        CheckConstraint("taken >= 0 and taken <= capacity", name="taken"),
        CheckConstraint("extra >= 0 and (unit_id is null or extra = 0)", name="extra"),
        # People wait in the open pool alone: reserved places have no line of their own.
        CheckConstraint("waiting >= 0 and (unit_id is null or waiting = 0)", name="waiting"),
        Index(
            "uq_seat_pool_unit",
            "run_id",
            "unit_id",
            unique=True,
            sqlite_where=text("unit_id is not null"),
            postgresql_where=text("unit_id is not null"),
        ),
        Index(
            "uq_seat_pool_open",
            "run_id",
            unique=True,
            sqlite_where=text("unit_id is null"),
            postgresql_where=text("unit_id is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    capacity: Mapped[int]
    # Of the capacity: seats added at the door for one person each (超员); they go first when somebody leaves.
    extra: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    next_position: Mapped[int] = mapped_column(default=1)
    # Reserved places: when what is left of them goes to everybody, and when it did.
    release_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class Party(Base):
    """People signed up in one form (同行报名). ``split``: who finds no seat stands in the line, then and later."""

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    split: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Signup(Base):
    """A sign-up (报名); a waiting place is a state of it. Name and phone belong to it until proved.

    Owner unit, sector and key group are frozen here: every count reads them, nothing changes them silently.
    """

    __tablename__ = "signup"
    __table_args__ = (
        CheckConstraint(
            "state in ('pending','confirmed','waitlisted','offered',"
            "'withdrawn','lapsed','refused','moved','run_cancelled')",
            name="state",
        ),
        CheckConstraint("outcome in ('attended','absent') or outcome is null", name="outcome"),
        CheckConstraint("(state = 'waitlisted') = (position is not null)", name="position"),
        Index(
            "uq_signup_one_live", "run_id", "person_id", unique=True,
            sqlite_where=_LIVE_SQL, postgresql_where=_LIVE_SQL,
        ),
        Index(
            "uq_signup_position", "pool_id", "position", unique=True,
            sqlite_where=text("position is not null"), postgresql_where=text("position is not null"),
        ),
        Index("uq_signup_run_code", "run_id", "code", unique=True),
        # Under 14 on the day of signing up: there is a guardian to ask, and a seat only when they agreed.
        CheckConstraint("not needs_guardian or guardian_consent_id is not null", name="guardian"),
        Index(
            "ix_signup_unsettled", "state", "offer_ends_at",
            sqlite_where=_UNSETTLED_SQL, postgresql_where=_UNSETTLED_SQL,
        ),
        Index(
            "ix_signup_to_confirm", "confirm_by",
            sqlite_where=_TO_CONFIRM_SQL, postgresql_where=_TO_CONFIRM_SQL,
        ),
    )  # fmt: skip

    PLACE_PHONE = "signup.phone"
    PLACE_TICKET = "signup.ticket"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("seat_pool.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(String(15))
    position: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    name_raw: Mapped[str] = mapped_column(String(200))
    sort_key: Mapped[str] = mapped_column(String(200), default="")
    # The Latin name of a passport, optional; both parts together at most 100 characters.
    latin_surname: Mapped[str | None] = mapped_column(String(100))
    latin_given: Mapped[str | None] = mapped_column(String(100))
    name_proved_at: Mapped[datetime | None]
    # The holder looked at the name as the certificate will print it, and said that it is right.
    name_confirmed_at: Mapped[datetime | None]
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_proved_at: Mapped[datetime | None]
    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    ticket_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[str] = mapped_column(String(6))
    owner_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"))
    key_group: Mapped[str] = mapped_column(String(20), default="other")
    device_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in_session.id"), index=True)
    channel: Mapped[str] = mapped_column(String(10), default="page")
    warnings: Mapped[list[str]] = mapped_column(JSON, default=list)
    health_notice_read_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    # When a waiting person got a seat. An offer's clock starts with its message's delivery; before that it has no end.
    promoted_at: Mapped[datetime | None]
    offer_ends_at: Mapped[datetime | None]
    # The place in another run that is kept until this one is sure.
    moves_from_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    # Name, phone and ticket are gone since; the row stays for the counts.
    erased_at: Mapped[datetime | None]
    # The birth date is not kept: what follows from it is.
    needs_guardian: Mapped[bool] = mapped_column(default=False)
    guardian_consent_id: Mapped[int | None] = mapped_column(ForeignKey("guardian_consent.id"), index=True)
    # The begin that its holder was reminded of; a new date is reminded of again.
    reminded_for: Mapped[datetime | None]
    # Came to the door of a full run and was let in: who said so is in the audit trail.
    over_capacity: Mapped[bool] = mapped_column(default=False)
    # Who missed two trainings says once more that they come: until when, and when they did.
    confirm_by: Mapped[datetime | None]
    reconfirmed_at: Mapped[datetime | None]
    # Said afterwards why they could not come: such an absence is not counted.
    excused_at: Mapped[datetime | None]
    run: Mapped[CourseRun] = relationship(lazy="raise")

    @property
    def latin_name(self) -> str:
        """Return the passport's Latin name, surname first, "" when none was given; certificates read it here."""
        return LatinName(self.latin_surname, self.latin_given).whole
