"""Shapes of the door: the line, what several phones say, who came first and says later who they are."""

from datetime import datetime

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out, RowId
from chengjiu_mp.people.schemas import WhoIn


class LetInIn(In):
    """Somebody of the line who stands at the door: one more than the capacity was agreed to."""

    signup_id: RowId
    meeting_id: RowId


class ConflictMarkOut(Out):
    """One phone's word. ``kept``: it is the check-in; ``waited``: it was scanned without network and came later."""

    scan_id: int
    scanned_at: datetime
    received_at: datetime
    by: str
    source: str
    kept: bool
    waited: bool


class ConflictOut(Out):
    signup_id: int
    name_masked: str
    marks: list[ConflictMarkOut]


class ConflictsOut(Out):
    """Whom more than one phone checked in: the earliest counts, the others stay beside it (``kept`` false)."""

    items: list[ConflictOut]


class CameFirstIn(In):
    """``name``: what the person is called, which tells several of one phone apart."""

    phone: str = Field(max_length=60)
    name: str = Field("", max_length=60)
    meeting_id: RowId | None = None


class CameFirstOut(Out):
    """``url``: where the person says who they are; it is theirs."""

    id: int
    came_at: datetime
    url: str


class CompleteIn(WhoIn):
    """Who came first and left the phone that is known."""


class CompletedOut(Out):
    """The ticket goes to the person's phone; ``code`` is for who has none at hand."""

    signup_id: int
    code: str
    over_capacity: bool
