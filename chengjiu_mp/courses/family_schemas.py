"""Shapes of the families' routes."""

from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.courses.schemas import GuardianIn, NoticeRefOut, SignupMadeOut
from chengjiu_mp.people.schemas import ConsentIn, PersonIn


class TogetherPersonIn(PersonIn):
    """``phone`` may be left out when the form has one for all; so may what the form says for all."""

    phone: str = Field("", max_length=60)


class TogetherIn(In):
    """Up to four people in one form: seats for all or none, unless ``split``.

    ``consents`` and ``health_notice_read`` are for everybody who has none of their own. ``challenge`` and ``answer``
    reply to a refusal ``question_needed``.
    """

    people: list[TogetherPersonIn] = Field(min_length=1, max_length=4)
    phone: str = Field("", max_length=60)
    split: bool = False
    challenge: str = Field("", max_length=400)
    answer: str = Field("", max_length=30)
    guardian: GuardianIn | None = None
    consents: list[ConsentIn] = Field(default_factory=list, max_length=20)
    health_notice_read: bool = False


class GuardianAgreeIn(In):
    """``version`` is of the notice that was read; ``split`` lets those who find no seat wait in the line."""

    challenge: str = Field(max_length=60)
    code: str = Field(max_length=12)
    version: int
    split: bool = False


class TogetherOut(Out):
    """In the order of the form."""

    items: list[SignupMadeOut]


class GuardianChildOut(Out):
    id: int
    name_masked: str
    state: str


class GuardianOut(Out):
    """``state``: asked, agreed or withdrawn. ``hindrance`` is the code of what kept places from being given."""

    state: Literal["asked", "agreed", "withdrawn"]
    phone_masked: str
    notice: NoticeRefOut
    text: str
    children: list[GuardianChildOut]
    hindrance: str | None = None


class GuardianCodeOut(Out):
    challenge: str
