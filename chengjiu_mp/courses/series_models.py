"""Runs made together, and the links of posters that stand for many runs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class CourseSeries(Base):
    """Runs drafted together, week by week; each of them lives on its own afterwards."""

    __tablename__ = "course_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    # New with each list of dates that somebody looks at: pressing the button twice makes one series.
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(String(100))
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class SeriesRun(Base):
    """A run belongs to one series at most."""

    __tablename__ = "series_run"

    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("course_series.id"), index=True)


class PosterLink(Base):
    """What ``/s/<token>`` opens when it is no single run: a series, a venue, or a unit with all below it.

    One link for each of them, for good: it hangs on walls.
    """

    __tablename__ = "poster_link"
    __table_args__ = (
        CheckConstraint("kind in ('series','venue','unit')", name="kind"),
        CheckConstraint(
            "(kind = 'series') = (series_id is not null) and (kind = 'venue') = (venue_id is not null)"
            " and (kind = 'unit') = (unit_id is not null)",
            name="target",
        ),
    )

    PLACE = "poster_link.token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str] = mapped_column(String(10))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("course_series.id"), unique=True)
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venue.id"), unique=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), unique=True)
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
