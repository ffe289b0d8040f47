"""Shapes of a unit's private link. It lists nobody: each person finds the own row."""

from datetime import datetime

from pydantic import Field

from chengjiu_mp.core.parsing import Day, In, Out
from chengjiu_mp.courses.schemas import NoticeRefOut
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.schemas import ConsentIn


class LinkRunOut(Out):
    id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    venue: str
    address: str


class PrivateLinkOut(Out):
    """What the link is for; ``consents`` are the texts to agree to."""

    title: str
    unit: str
    runs: list[LinkRunOut]
    consents: list[NoticeRefOut]


class FindRowIn(In):
    """``tail``: the last four of the document or of the phone; a row of a name alone needs none."""

    name: str = Field(max_length=200)
    tail: str = Field("", max_length=20)


class OwnRowOut(Out):
    """``handle`` is good for half an hour and goes along with the confirmation.

    ``state`` is the sign-up's, or ``named`` while the unit knew the name alone: then document and phone are to be
    given. No digit of a document is shown.
    """

    handle: str
    name: str
    state: str
    confirmed_at: datetime | None
    run: LinkRunOut
    unit: str
    doc_type: str | None
    phone_masked: str | None
    health_notice: str


class ConfirmRowIn(In):
    """``doc_number``, ``phone`` and what describes them are for a row that is ``named``; otherwise not looked at.

    ``latin_surname`` and ``latin_given`` are a passport's Latin name, optional, beside the name.
    """

    handle: str = Field(max_length=400)
    consents: list[ConsentIn] = Field(default_factory=list, max_length=20)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)


class RowTicketOut(Out):
    """``state`` is the sign-up's."""

    state: str
    ticket_token: str
    ticket_url: str
