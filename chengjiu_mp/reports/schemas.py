"""Shapes of progress, in and out."""

from datetime import date
from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out, RowId

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


class ProgressRowsQuery(In):
    """Which figure's rows: ``unit_id`` is a row of the plan, 0 for what belongs to none; left out, all of them."""

    year: int | None = Year
    metric: Literal["certified", "junior", "popular", "online", "runs"] = "certified"
    unit_id: int | None = Field(default=None, ge=0, le=2_147_483_647)
    sector_id: RowId | None = None
    since_start: bool = False
    cursor: str | None = Field(default=None, max_length=100)


class ProgressRowOut(Out):
    kind: Literal["certificate", "run"]
    id: int
    text: str
    number: str
    course: str
    unit: str
    on: date
    count: int


class ProgressRowsOut(Out):
    items: list[ProgressRowOut]
    next_cursor: str | None
    total: int
