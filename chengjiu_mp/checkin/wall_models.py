"""The screens that show rotating codes, and who was there by them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class WallDisplay(Base):
    """A screen in a hall that shows a meeting's rotating code until ``ended_at``.

    ``code`` names it in the link and is part of what its codes are made of; ``number`` counts from 1 in each run.
    ``second_at``: when the second scan begins, chosen at random on opening, the same on all screens of a meeting; None
    where none is asked.
    """

    __tablename__ = "wall_display"
    __table_args__ = (
        Index("uq_wall_display_run_number", "run_id", "number", unique=True),
        CheckConstraint("step_seconds in (15, 30)", name="step"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    number: Mapped[int]
    code: Mapped[str] = mapped_column(String(8), unique=True)
    step_seconds: Mapped[int] = mapped_column(default=15)
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    second_at: Mapped[datetime | None]


class WallPresence(Base):
    """That somebody was there by a wall's code: at most one first and one ``second`` row for a person and a meeting.

    ``device_id`` is the phone's session, for the instructor's hints alone. It is no foreign key: sessions end and go.
    ``took_ms``: from the page to the tap; a person needs more than a machine.
    """

    __tablename__ = "wall_presence"
    __table_args__ = (Index("uq_wall_presence_once", "signup_id", "meeting_id", "second", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    signup_id: Mapped[int] = mapped_column(ForeignKey("signup.id"))
    display_id: Mapped[int] = mapped_column(ForeignKey("wall_display.id"))
    counter: Mapped[int]
    second: Mapped[bool] = mapped_column(default=False)
    device_id: Mapped[int | None]
    took_ms: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=clock.now)
