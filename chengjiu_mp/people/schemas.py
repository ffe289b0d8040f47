"""Shapes that several slices take in."""

from pydantic import Field

from chengjiu_mp.core.parsing import Day, In
from chengjiu_mp.people.document_types import DocType


class ConsentIn(In):
    """A notice that somebody agreed to; the version may come as a number or as its digits."""

    purpose: str
    version: int


class WhoIn(In):
    """What every form asks of a person whose phone is known, as typed."""

    name: str = Field(max_length=200)
    doc_number: str = Field(max_length=100)
    doc_type: DocType | None = None
    birth_date: Day | None = None
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)
    consents: list[ConsentIn] = Field(default_factory=list, max_length=20)
    health_notice_read: bool = False


class PersonIn(WhoIn):
    """What every form asks of a person, as typed."""

    phone: str = Field(max_length=60)
