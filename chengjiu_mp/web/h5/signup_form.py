"""The sign-up form of up to four people, read: who comes, and where each mistake stands."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from pydantic import Field

from chengjiu_mp.core import clock
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, Invalid, from_pairs
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.errors import AlreadySignedUp, GuardianRequired
from chengjiu_mp.people.documents import DocType, could_be_cut_short, could_be_either, read_document
from chengjiu_mp.people.guardians import GuardianEntry
from chengjiu_mp.people.latin_names import speaks_of_passport
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.web import forms

MOST = 4


class PersonPage(In):
    """One person's block; ``phone`` is empty when the form's own phone is theirs too."""

    name: str = Field("", max_length=200)
    doc_number: str = Field("", max_length=100)
    phone: str = Field("", max_length=60)
    doc_type: DocType | None = None
    # Read later: a day that is no day must not cost the rest of the form.
    birth_date: str = Field("", max_length=40)
    latin_surname: str = Field("", max_length=200)
    latin_given: str = Field("", max_length=200)

    @property
    def says_kind(self) -> bool:
        """Return whether more than the number says which document it is: the type that was chosen, or a Latin name."""
        return bool(self.doc_type) or speaks_of_passport(self.name, self.latin_surname, self.latin_given)


class GuardianPage(In):
    name: str = Field("", max_length=200)
    relation: str = Field("", max_length=20)
    phone: str = Field("", max_length=60)


class SignupPage(PersonPage):
    """The first person stands at the form's top, companions under ``people.1`` to ``people.3``.

    ``consent`` is {purpose: version} of the ticked boxes.
    """

    people: dict[str, PersonPage] = Field(default_factory=dict)
    consent: dict[str, int] = Field(default_factory=dict)
    guardian: GuardianPage | None = None
    size: int = Field(1, ge=1, le=MOST)
    other: bool = False
    split: bool = False
    add: bool = False
    drop: int | None = Field(None, ge=1, lt=MOST)


@dataclass(frozen=True)
class Form:
    """The form as it came: ``people`` in their order."""

    page: SignupPage
    people: list[PersonPage]

    @property
    def entries(self) -> list[Entry]:
        """Return what each person's block says.

        :raise Invalid: when a birth date is no day, or a number does not say which document it is
        """
        if unclear := [said for index, one in enumerate(self.people) if (said := _unclear(one, index))]:
            raise Invalid(unclear)
        consents = [ConsentIn(purpose=p, version=v) for p, v in self.page.consent.items()]
        return [
            Entry(
                name=one.name, doc_number=one.doc_number, phone=one.phone or self.page.phone, doc_type=one.doc_type,
                birth_date=_day(one.birth_date, index), latin_surname=one.latin_surname, latin_given=one.latin_given,
                health_notice_read=True, consents=consents,
            )
            for index, one in enumerate(self.people)
        ]  # fmt: skip

    @property
    def youngest(self) -> date | None:
        """Return the latest birth date among those whose documents were understood, None where no number tells one."""
        read = (read_document(one.doc_number, one.doc_type, today=clock.today()) for one in self.people)
        births = [of.birth or _day(one.birth_date, 0) for of, one in zip(read, self.people, strict=True)]
        return max((birth for birth in births if birth), default=None)

    @property
    def phones(self) -> list[str]:
        """Return the numbers that messages will go to, as typed."""
        return [self.page.guardian.phone if self.page.guardian else "", *(one.phone for one in self.people)]

    @property
    def guardian(self) -> GuardianEntry | None:
        """Return who was named as the guardian, if anybody was."""
        given = self.page.guardian
        return GuardianEntry(given.name, given.relation, given.phone) if given else None


_WHICH = "M 加 8 位数字的号码，澳门居民的通行证和韩国护照都有。请选是哪一种，再填出生日期。"

SHORT = "这个号码不到 18 位。用身份证的，请对照证件输完整；用护照、台胞证的，请在下面选证件类型，再填出生日期。"


def _unclear(one: PersonPage, index: int) -> dict[str, str] | None:
    """Return what to ask where the number alone does not say which document it is."""
    # A program's guess can be corrected by staff; whoever fills in the form is here to be asked.
    if one.says_kind:
        return None
    if could_be_either(one.doc_number):
        return {"pointer": f"/people/{index}/doc_type", "code": "which", "detail": _WHICH}
    if could_be_cut_short(one.doc_number):
        return {"pointer": f"/people/{index}/doc_number", "code": "short", "detail": SHORT}
    return None


def _day(typed: str, index: int) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        said = "请按 2015-06-01 这样填写出生日期。"
        raise Invalid([{"pointer": f"/people/{index}/birth_date", "code": "date", "detail": said}]) from None


def blank(*, other: bool = False) -> Form:
    """Return the form before anything was typed."""
    page = SignupPage.model_validate({"other": other})
    return Form(page, [page])


def read() -> Form:
    """Return the form that was sent.

    :raise Invalid: when it does not fit
    """
    page = from_pairs(SignupPage, request.form, ignore=forms.IGNORED)
    people = [page, *(page.people.get(str(index)) or PersonPage.model_validate({}) for index in range(1, page.size))]
    return Form(page, people)


def resized(form: Form) -> Form:
    """Return the form with one block more, or without the one that was to go."""
    people = list(form.people)
    if form.page.add and len(people) < MOST:
        people.append(PersonPage.model_validate({}))
    elif form.page.drop and form.page.drop < len(people):
        del people[form.page.drop]
    return Form(form.page, people)


def errors_of(refusal: Refusal | None, form: Form, notices: list[Notice]) -> dict[str, str]:
    """Return {field name of the page: sentence}."""
    if refusal is None or refusal.code == "party_does_not_fit":
        return {}
    found: dict[str, str] = {}
    # Of whom a duplicate is told nothing but that: where it stands, nothing said of a party.
    fallback = "doc_number" if refusal.code == AlreadySignedUp.code else "name"
    for name, sentence in forms.errors(refusal, fallback).items():
        found.setdefault(_field(name, form), sentence)
    if "consents" in found:
        del found["consents"]
        missing = [n for n in notices if n.required and form.page.consent.get(n.purpose) != n.version]
        found |= {f"consent.{n.purpose}": f"请先看过《{n.title}》，再勾选同意。" for n in missing}
    return found


def _field(name: str, form: Form) -> str:
    """Return where a service's field stands on the page: the first person at the top, a shared phone there too."""
    _, _, rest = name.partition("people.")
    index, _, field = rest.partition(".")
    if not index.isdigit():
        return name
    shared = field == "phone" and not form.people[int(index)].phone
    if index == "0" or shared or field == "consents":
        return field or "name"
    return name


def codes_of(refusal: Refusal | None) -> set[str]:
    """Return every code that was refused with."""
    if refusal is None:
        return set()
    return {refusal.code, *(str(one["code"]) for one in getattr(refusal, "errors", ()))}


def children_asked_for(refusal: Refusal | None) -> list[int]:
    """Return the places in the form of those for whom a guardian is to be named."""
    if refusal is None:
        return []
    fields = [str(one["pointer"]) for one in getattr(refusal, "errors", ()) if one["code"] == GuardianRequired.code]
    if refusal.code == GuardianRequired.code:
        fields = [refusal.field or ""]
    return [int(found[1]) if (found := re.search(r"people\W(\d)", field)) else 0 for field in fields]


def first_guess(form: Form, child: int) -> dict[str, Any]:
    """Return the guardian that the form suggests: whoever fills it in, unless it is the child."""
    others = [one.name for index, one in enumerate(form.people) if index != child and one.name]
    return {"name": others[0] if others else "", "relation": "", "phone": form.page.phone}
