"""Shapes of results, in and out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out, RowId

# Strict: "85" and true are no points, whatever a lenient reader makes of them.
Points = Annotated[float, Field(strict=True, allow_inf_nan=False)]
ItemCode = Annotated[str, Field(max_length=30)]
Reason = Annotated[str, Field(max_length=60)]


class ResultIn(In):
    """One person's points. ``version`` is the one they were read with, 0 where there was none; null empties an item."""

    signup_id: RowId
    version: Annotated[int, Field(ge=0, le=2_147_483_646)]
    items: dict[ItemCode, Points | None]
    # A checklist's ticks, {item: {step: "" when done right, else the reason}}: they give those items' points.
    steps: dict[ItemCode, dict[ItemCode, Reason]] | None = None


class ResultsIn(In):
    """``examined_by``: the instructor who examined, named by an operator who enters from paper; left out, an
    instructor's own id, else the examiner a row has already, else the run's first valid instructor.
    """

    rows: Annotated[list[ResultIn], Field(min_length=1, max_length=500)]
    examined_by: RowId | None = None


class ResitIn(In):
    signup_id: RowId


class ExemptionIn(In):
    """``original_seen``: whoever records it saw the certificate itself."""

    signup_id: RowId
    item: ItemCode
    reason: Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]
    certificate_no: Annotated[str, Field(min_length=2, max_length=60, pattern=r"\S")]
    original_seen: bool = False


class CorrectionIn(In):
    """Corrected points of a confirmed result; what is left out stays as it is."""

    signup_id: RowId
    items: Annotated[dict[ItemCode, Points | None], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]


class SubmitIn(In):
    """``left_out`` names those present who took no examination."""

    left_out: Annotated[list[RowId], Field(max_length=500, default_factory=list)]


class ReturnIn(In):
    note: Annotated[str, Field(min_length=2, max_length=300)]


ResultKind = Literal["exam", "resit", "correction"]
State = Literal["open", "submitted", "confirmed"]


class StepOut(Out):
    code: str
    name: str
    points: float
    critical: bool
    reasons: list[str]


class ExamItemOut(Out):
    code: str
    name: str
    kind: str
    max: float
    pass_mark: float
    required: bool
    steps: list[StepOut]


class ResultOut(Out):
    signup_id: int
    name: str
    version: int
    items: dict[str, float]
    steps: dict[str, dict[str, str]]
    outcome: Literal["incomplete", "passed", "failed"]
    examined_by: int | None
    examiner: str
    attempt: int
    kind: ResultKind
    round: int
    carried: list[str]
    exempt: list[str]


class ResultsOut(Out):
    """The grid of a run: its frozen items and everybody present, each with the newest attempt.

    ``state`` (open, submitted or confirmed) is that of ``round``, the newest: re-sits after a confirmation are a round
    of their own, and rows of earlier rounds are settled. ``carried`` names items whose points an earlier attempt gave.
    """

    run_id: int
    state: State
    round: int
    max_resits: int
    returned_note: str
    submitted_at: datetime | None
    items: list[ExamItemOut]
    rows: list[ResultOut]


class EventOut(Out):
    """One entry of a result: points before and after; the outcome after, and before where it was judged anew; why."""

    at: datetime
    by: str
    action: str
    was: dict[str, float]
    now: dict[str, float]
    outcome: str
    outcome_before: str
    reason: str
    item: str


class HistoryOut(Out):
    items: list[EventOut]
