"""A 普及 run's record and its pictures, in and out."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out

Kind = Literal["photo", "sheet"]


class EvidenceQuery(In):
    """``kind``: a photo of the hall, or the signed sheet."""

    kind: Kind = "photo"


class EvidencePictureQuery(In):
    small: bool = False


class EvidenceLikeOut(Out):
    """The run that showed the same picture before; null throughout when it is out of the caller's scope."""

    run_id: int | None
    title: str | None
    starts_at: datetime | None


class EvidenceOut(Out):
    """``taken_at`` is what the camera's clock said; ``bytes`` of the picture as it is kept.

    ``known``: just sent, and was there before; ``like``: another run showed it first, so look again.
    """

    id: int
    kind: Kind
    bytes: int
    width: int
    height: int
    taken_at: datetime | None
    uploaded_at: datetime
    by: str
    known: bool = False
    like: EvidenceLikeOut | None = None


class PopularRecordIn(In):
    """``minutes`` of the talk; left out, presenter and minutes are those of the plan. ``note``: why heads differ."""

    presenter: str | None = Field(None, max_length=100)
    minutes: int | None = Field(None, ge=1, le=6000)
    head_count: int | None = Field(None, ge=0, le=100_000)
    note: str = Field("", max_length=300)


class PopularRecordOut(Out):
    """``lacks_evidence``: the run was closed and counts, and nothing shows it yet (待补佐证)."""

    run_id: int
    state: str
    head_count: int | None
    presenter: str
    minutes: int | None
    submitted_at: datetime | None
    lacks_evidence: bool
    items: list[EvidenceOut]


class EvidenceRemoveIn(In):
    reason: str = Field(min_length=1, max_length=200)
