"""Shapes of a month: its days, and what importing a sheet of runs does."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.courses.schemas import WarnedOut


class MonthQuery(In):
    """``month`` as 2026-12; left out, this month."""

    month: str = Field("", pattern=r"^(20[2-9]\d-(0[1-9]|1[0-2]))?$", max_length=7)


class CalendarEntryOut(Out):
    """A meeting. ``venue`` is null online; ``clashes`` holds venue_clash and instructor_clash."""

    run_id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    venue: str | None
    state: str
    clashes: list[str]


class CalendarDayOut(Out):
    """``kind`` is unknown in a year whose holidays were not announced; ``word`` names the day, empty for most."""

    day: date
    kind: Literal["workday", "weekend", "holiday", "unknown"]
    word: str
    entries: list[CalendarEntryOut]


class CalendarOut(Out):
    """``clashes`` names each overlap once, in words."""

    month: str
    days: list[CalendarDayOut]
    clashes: list[WarnedOut]


class ImportQuery(In):
    """``partial``: leave faulty rows out instead of refusing the file."""

    partial: bool = False


class ImportRowOut(Out):
    """``row`` as Excel counts; ``run_id`` is the run that is there already, which stays as it is; null: a new draft."""

    row: int
    title: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    run_id: int | None
    warnings: list[WarnedOut]


class ImportFaultOut(Out):
    """``row`` 0 stands for the sheet."""

    row: int
    reasons: list[str]


class ImportPreviewOut(Out):
    """``new`` drafts would be made of the rows without a fault; ``left_out`` numbers the rows that hold no run."""

    new: int
    rows: list[ImportRowOut]
    faults: list[ImportFaultOut]
    left_out: list[int]


class ImportedOut(Out):
    """The drafts that were made; empty when every run was there."""

    run_ids: list[int]
