"""What goes in and out of this slice's routes."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out

Moment = Literal["signup", "checkin", "lookup", "teach"]


class Asking(In):
    """``moment``: when the person is asked: after a sign-up, a check-in, a look-up, or on an instructor's page."""

    moment: Moment


class TemplateOut(Out):
    """A template to ask for, and how many messages of it this person still allows."""

    template: str
    about: str
    left: int


class Asked(Out):
    """At most three: the platform asks for no more in one tap."""

    items: list[TemplateOut]


class Answer(In):
    """What a person tapped for one template."""

    template: str = Field(min_length=1, max_length=64)
    accepted: bool


class Answers(In):
    """What a person tapped, as ``wx.requestSubscribeMessage`` says it."""

    items: list[Answer] = Field(min_length=1, max_length=3)


class AttemptOut(Out):
    """A call that was made."""

    id: int
    account_id: int
    at: datetime
    reached: bool


class CallOut(Out):
    """One person to call; the number is masked."""

    id: int
    kind: str
    phone_masked: str | None
    written_at: datetime
    too_late_at: datetime | None
    attempts: list[AttemptOut]


class CallsOut(Out):
    """The most urgent first, 200 at most; ``total`` counts all."""

    total: int
    items: list[CallOut]


class CallMade(In):
    reached: bool
