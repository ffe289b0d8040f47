"""Shapes of the line's routes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Moment, Out, RowId
from chengjiu_mp.courses.schemas import MeetingIn, UnitRefOut

TicketToken = Annotated[str, Field("", max_length=60)]
Reason = Annotated[str, Field(max_length=200)]


class ByTicketIn(In):
    """Who made the sign-up elsewhere shows the ticket."""

    ticket_token: TicketToken = ""


class MoveIn(ByTicketIn):
    run_id: RowId


class AnswerIn(ByTicketIn):
    change_id: RowId
    answer: Literal["agree", "move", "withdraw"]


class ReasonIn(In):
    """Everybody whom it concerns reads the reason."""

    reason: Reason


class DespiteClashesIn(ReasonIn):
    """``despite_clashes``: that people of the run are somewhere else that day is known; without it, it is refused."""

    despite_clashes: bool = False


class RescheduleIn(DespiteClashesIn):
    meetings: list[MeetingIn] = Field(min_length=1, max_length=20)


class MergeIn(DespiteClashesIn):
    into: RowId


class ReserveIn(In):
    """``release_at``: three days before the run when left out."""

    unit_id: RowId
    places: int = Field(ge=1, le=5000)
    release_at: Moment | None = None


class ReserveOut(Out):
    """``places`` are those still held for the unit; once released, those its people use."""

    id: int
    unit: UnitRefOut
    places: int
    taken: int
    release_at: datetime | None
    released_at: datetime | None


class ReservesOut(Out):
    items: list[ReserveOut]
