"""Shapes of the routes that make many runs."""

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from chengjiu_mp.core.parsing import Day, In, Moment, Out, RowId, TimeOfDay
from chengjiu_mp.courses.schemas import Title, WarnedOut


class CopyIn(In):
    """When the copy begins; its other meetings and its windows for signing up move along."""

    starts_at: Moment


class RepeatIn(In):
    """``weekdays`` counts Monday as 0; ends after ``count`` runs or on the day ``last``; times are Jiangyin's.

    ``days``: how many days running each run lasts. ``dry_run``: say what would be made and make nothing.
    """

    weekdays: list[int] = Field(min_length=1, max_length=7)
    first: Day
    begins: TimeOfDay
    ends: TimeOfDay
    count: int | None = Field(None, ge=1, le=60)
    last: Day | None = None
    days: int = Field(1, ge=1, le=4)
    skip_holidays: bool = True
    title: Title = ""
    dry_run: bool = False

    @model_validator(mode="after")
    def has_an_end(self) -> "RepeatIn":
        """A series without an end would be cut somewhere nobody chose."""
        if self.count is None and self.last is None:
            raise ValueError("count or last")
        return self


class PlannedOut(Out):
    """A day of a series; ``skipped`` days make no run."""

    day: date
    skipped: bool
    warnings: list[WarnedOut]


class SeriesOut(Out):
    """``id`` and ``url`` are null after a dry run; ``run_ids`` are drafts, in the order of the days."""

    id: int | None
    url: str | None
    run_ids: list[int]
    dates: list[PlannedOut]


class PublishManyIn(In):
    run_ids: list[RowId] = Field(min_length=1, max_length=300)


class PublishedManyOut(Out):
    """``run_ids``: what went public now; what was public already is left out."""

    run_ids: list[int]


class LinkIn(In):
    """What the link's list shows: a series, a venue, or a unit with all below it."""

    kind: Literal["series", "venue", "unit"]
    target_id: RowId


class LinkOut(Out):
    id: int
    kind: str
    title: str
    url: str
