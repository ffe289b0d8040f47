"""Shapes of the JSON routes."""

from datetime import datetime

from pydantic import Field

from chengjiu_mp.core.parsing import Day, In, Out, RowId
from chengjiu_mp.people.documents import DocType


class UnitListIn(In):
    """``sector`` is one of the six codes; left out, it and the group are the run's."""

    unit_id: RowId
    run_ids: list[RowId] = Field(min_length=1, max_length=50)
    title: str = Field("", max_length=100)
    sector: str = Field("", max_length=20)
    key_group: str | None = Field(None, max_length=20)


class UnitListsQuery(In):
    cursor: str | None = Field(None, max_length=60)


class AfterQuery(In):
    """``after`` is the last id or line number of the page before."""

    after: int = Field(0, ge=0, le=2_147_483_647)
    limit: int = Field(100, ge=1, le=500)


class UploadConfirmIn(In):
    """``agreed``: everybody on it has read the notices and agrees to be signed up."""

    agreed: bool


class UnitLinkIn(In):
    on: bool


class PersonInsteadIn(In):
    """Who comes instead; ``agreed`` as with an upload."""

    name: str = Field(max_length=200)
    doc_number: str = Field(max_length=100)
    phone: str = Field(max_length=60)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    agreed: bool = False


class PersonMoveIn(In):
    run_id: RowId


class PersonRemoveIn(In):
    reason: str = Field("", max_length=200)


class UnitListOut(Out):
    """``link`` is the private link, null while it is closed."""

    id: int
    unit_id: int
    title: str
    run_ids: list[int]
    people: int
    confirmed: int
    seated: int
    waiting: int
    named: int
    link: str | None


class UnitListLineOut(Out):
    id: int
    unit_id: int
    title: str
    people: int
    confirmed: int


class UnitListsOut(Out):
    items: list[UnitListLineOut]
    next_cursor: str | None


class ListedPersonOut(Out):
    """``state`` is the sign-up's, or ``named`` while only the name is known; ``position`` counts from 1."""

    id: int
    name: str
    doc_last4: str | None
    phone_masked: str | None
    run_id: int
    signup_id: int | None
    state: str
    position: int | None
    confirmed_at: datetime | None


class ListedPeopleOut(Out):
    items: list[ListedPersonOut]


class UploadOut(Out):
    """``plans`` is the dry run, ``outcomes`` what was done, in lines; ``reason`` why it was not read.

    ``left_out`` numbers the lines that hold nobody (titles, the example, signatures) as the spreadsheet counts.
    """

    id: int
    list_id: int
    state: str
    total: int
    left_out: list[int]
    plans: dict[str, int]
    outcomes: dict[str, int]
    code: str
    reason: str


class UploadLineOut(Out):
    """``row`` as the spreadsheet counts; ``column`` and ``reason`` in the sheet's own words."""

    row: int
    plan: str
    outcome: str | None
    code: str
    column: str
    reason: str


class UploadLinesOut(Out):
    items: list[UploadLineOut]
