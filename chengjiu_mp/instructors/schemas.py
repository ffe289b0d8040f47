"""Shapes of the register, in and out."""

from datetime import date

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out, RowId
from chengjiu_mp.instructors.states import DueState


class InstructorsQuery(In):
    state: DueState | None = None
    unit_id: RowId | None = None
    name: str | None = Field(default=None, max_length=50)
    cursor: str | None = Field(default=None, max_length=100)


class InstructorOut(Out):
    """``phone_masked`` shows the last four digits; ``refresh_due`` is null while nobody knows it (待核实)."""

    id: int
    name: str
    phone_masked: str
    unit_id: int
    unit: str
    grade: str
    stars: int
    certificate_no: str
    qualified_on: date | None
    refresh_due: date | None
    state: DueState


class InstructorsOut(Out):
    items: list[InstructorOut]
    next_cursor: str | None


class RefresherIn(In):
    completed_on: date
    source: str = Field(min_length=1, max_length=200)


class RefresherOut(Out):
    id: int
    completed_on: date
    next_due: date
    source: str
