"""A person declares a year complete; the ledger of our numbers has no silent gap."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import numbering, states, years
from chengjiu_mp.certificates.earlier_models import YearDeclaration
from chengjiu_mp.certificates.errors import DeclaredAlready, NotDeclared, ReasonMissing, YearAhead
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseType
from tests import issued
from tests.ledgers import line, load, office


def declare(year: int) -> None:
    by = office("approver")
    with unit_of_work():
        years.declare(year, by)


def take_back(year: int, reason: str = "漏录一本") -> None:
    by = office("approver")
    with unit_of_work():
        years.take_back(year, reason, by)


def said(client: Any, number: str) -> str:
    return client.post("/api/v1/verify", json={"number": number, "name": "钱玉芬"}).json["code"]


def test_a_year_without_any_series_is_declared_and_taken_back(client: Any, app: Flask) -> None:
    assert said(client, "JYHS-2019-0001") == "year_incomplete"
    declare(2019)
    assert said(client, "JYHS-2019-0001") == "certificate_unknown"
    assert said(client, "JYHS-2018-0001") == "year_incomplete"
    take_back(2019)
    assert said(client, "JYHS-2019-0002") == "year_incomplete"
    declare(2019)
    assert [bool(one.revoked_at) for one in years.history(2019)] == [False, True]
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.object_type == "year_declaration")).all()
    assert [one.action for one in told] == [
        "year.declared_complete",
        "year.declaration_revoked",
        "year.declared_complete",
    ]


@pytest.mark.parametrize(("year", "refusal"), [(2027, YearAhead), (1979, YearAhead), (2026, None)])
def test_a_year_that_has_begun_alone_is_declared(app: Flask, year: int, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        declare(year)
        return
    with pytest.raises(refusal):
        declare(year)


def test_one_declaration_stands_at_a_time(app: Flask) -> None:
    declare(2020)
    with pytest.raises(DeclaredAlready):
        declare(2020)
    take_back(2020)
    with pytest.raises(NotDeclared):
        take_back(2020)
    assert len(db.session.scalars(select(YearDeclaration)).all()) == 1


def test_taking_back_asks_why(app: Flask) -> None:
    declare(2020)
    with pytest.raises(ReasonMissing):
        take_back(2020, " ")


def test_the_years_count_ours_and_the_ledgers(app: Flask) -> None:
    load(line(), line(number="JYHS-2019-0001", issued_on="2019-12-31", valid_until="长期"))
    issued.issue("张三", "李四")
    declare(2020)
    found = {one.year: (one.ours, one.earlier, bool(one.declared)) for one in years.years()}
    assert list(found) == list(range(2026, 2018, -1))
    assert (found[2026], found[2023], found[2020], found[2019]) == (
        (2, 0, False), (0, 1, False), (0, 0, True), (0, 1, False),
    )  # fmt: skip


def test_the_ledger_accounts_for_every_number(app: Flask) -> None:
    one, _, _ = issued.issue("张三", "李四", "王五")
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "成绩有误")
    (found,) = years.ledger()
    assert (found.first, found.last) == ("JYA202600001", "JYA202600003")
    assert (found.given, found.standing, found.corrected, found.revoked, found.gaps) == (3, 2, 0, 1, ())
    assert years.ledger(2025) == []


def test_a_hole_is_named(app: Flask) -> None:
    one = issued.issue("张三", "李四")[0]
    with unit_of_work():
        db.session.get_one(NumberSeries, one.series_id).last = 4
    assert years.ledger()[0].gaps == (3, 4)


def test_a_series_that_gave_nothing_yet_has_no_range(app: Flask) -> None:
    office()
    with unit_of_work():
        kind = db.session.scalars(select(CourseType).where(CourseType.code == "junior")).one()
        db.session.add(NumberSeries(course_type_id=kind.id, year=2025, pattern="JYC{year}{seq:05d}", last=0))
    (found,) = years.ledger()
    assert (found.first, found.last, found.gaps) == ("", "", ())


@pytest.mark.parametrize(
    ("number", "covered"),
    [
        ("苏红-2025-001", True), ("苏红-2025-99999", True), ("苏红-2024-001", False), ("JYA202500001", True),
        ("JYA202600001", True), ("JYA203000001", True), ("JYC202600001", True), ("JYC202500001", False),
        ("TEST-JYC202600001", True), ("JYA2026X0001", False), ("JYZ202600001", False),
    ],
)  # fmt: skip
def test_our_numbers_are_known_by_their_patterns(app: Flask, number: str, covered: bool) -> None:
    office()
    with unit_of_work():
        kinds = {one.code: one.id for one in db.session.scalars(select(CourseType))}
        for code, pattern in (("responder", "苏红-{year}-{seq:03d}"), ("cpr_aed", "JYA{year}{seq:05d}")):
            db.session.add(NumberSeries(course_type_id=kinds[code], year=2025, pattern=pattern, last=1))
    assert numbering.Taken().covers(number) is covered


def test_a_series_of_this_year_with_its_own_pattern_leaves_the_default_one(app: Flask) -> None:
    office()
    with unit_of_work():
        kind = db.session.scalars(select(CourseType).where(CourseType.code == "responder")).one()
        db.session.add(NumberSeries(course_type_id=kind.id, year=2026, pattern="苏红{year}{seq:04d}", last=0))
    taken = numbering.Taken()
    assert taken.covers("苏红20260001") and not taken.covers("JYJ202600001") and taken.covers("JYJ202700001")


def test_a_day_decides_the_year_of_a_paper(app: Flask) -> None:
    load(line(issued_on="2023-01-01"))
    assert [one.year for one in years.years() if one.earlier] == [date(2023, 1, 1).year]
