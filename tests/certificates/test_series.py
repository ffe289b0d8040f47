"""The rule that makes a kind's numbers: data, two people, no number twice, nothing changed once a number was given."""

import itertools
import re

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import series
from chengjiu_mp.certificates.errors import (
    NumbersClash,
    OwnRule,
    PatternFixed,
    PatternRefused,
    RuleDecided,
    RuleUnchanged,
    RuleWaits,
    YearAhead,
)
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import NumberSeries
from chengjiu_mp.certificates.number_patterns import meet, width_of, with_width, without_width
from chengjiu_mp.certificates.numbering import LOCAL, allot, default_pattern, rule_in_force
from chengjiu_mp.certificates.series_models import SeriesRule
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.reference import COURSE_TYPES
from tests import issued
from tests.ledgers import line, load, office


def kind(code: str = "cpr_aed") -> CourseType:
    return db.session.scalars(select(CourseType).where(CourseType.code == code)).one()


def propose(pattern: str, *, code: str = "cpr_aed", year: int = 2026, mode: str = "local") -> int:
    by = office()
    with unit_of_work():
        return series.propose(kind(code).id, year, mode, pattern, by).id


def put(pattern: str, *, code: str = "cpr_aed", year: int = 2026, mode: str = "local") -> None:
    rule, by = propose(pattern, code=code, year=year, mode=mode), office("approver")
    with unit_of_work():
        series.put_in_force(rule, by)


def numbers(*names: str, **values) -> list[str]:
    return [one.number for one in issued.issue(*names, **values)]


def test_a_rule_is_proposed_by_one_and_put_in_force_by_another(app: Flask) -> None:
    put("苏红澄{year}-{seq:04d}")
    assert numbers("张三", "李四") == ["苏红澄2026-0001", "苏红澄2026-0002"]
    told = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "series_rule"))
    assert list(told) == ["number_rule.proposed", "number_rule.put_in_force"]


def test_a_proposal_alone_changes_nothing(app: Flask) -> None:
    propose("苏红澄{year}-{seq:04d}")
    assert numbers() == ["JYA202600001"]


def test_who_proposed_does_not_confirm(app: Flask) -> None:
    by = office("approver")
    with unit_of_work():
        rule = series.propose(kind().id, 2026, "local", "苏红澄{year}-{seq:04d}", by).id
    with pytest.raises(OwnRule), unit_of_work():
        series.put_in_force(rule, by)
    assert rule_in_force(kind(), 2026) == ("local", "JYA{year}{seq:05d}")


def test_one_proposal_waits_at_a_time_and_is_decided_once(app: Flask) -> None:
    rule, by = propose("苏红澄{year}-{seq:04d}"), office("approver")
    with pytest.raises(RuleWaits):
        propose("苏红{year}-{seq:04d}")
    with unit_of_work():
        series.refuse(rule, by)
    with pytest.raises(RuleDecided), unit_of_work():
        series.put_in_force(rule, by)
    put("苏红{year}-{seq:04d}")
    states = db.session.scalars(select(SeriesRule.state).order_by(SeriesRule.id))
    assert list(states) == ["refused", "in_force"]


def test_a_pattern_stays_once_a_number_was_given(app: Flask) -> None:
    waiting, by = propose("苏红澄{year}-{seq:04d}"), office("approver")
    assert numbers() == ["JYA202600001"]
    with pytest.raises(PatternFixed), unit_of_work():
        series.put_in_force(waiting, by)
    assert db.session.scalar(select(SeriesRule.state)) == "proposed"
    with unit_of_work():
        series.refuse(waiting, by)
    with pytest.raises(PatternFixed):
        propose("苏红澄{year}-{seq:04d}")
    assert numbers() == ["JYA202600002"]


def test_a_rule_may_be_replaced_until_a_number_was_given(app: Flask) -> None:
    put("苏红澄{year}-{seq:04d}")
    put("苏红澄{year}-{seq:06d}")
    assert db.session.scalar(select(NumberSeries.pattern)) == "苏红澄{year}-{seq:06d}"
    with pytest.raises(RuleUnchanged):
        propose("苏红澄{year}-{seq:06d}")


@pytest.mark.parametrize("year", [2025, 2028])
def test_this_year_and_the_next_alone_are_set(app: Flask, year: int) -> None:
    with pytest.raises(YearAhead):
        propose("苏红澄{year}-{seq:04d}", year=year)


@pytest.mark.parametrize(
    "pattern",
    [
        "JYC{year}{seq:05d}", "JYC{year}{seq:07d}", "JY{seq:03d}C{year}{seq:05d}", "TEST-JYA{year}{seq:05d}",
        "JYA2027{seq:05d}", "JYA{seq:05d}", "JYJ20{seq:03d}",
    ],
)  # fmt: skip
def test_another_series_numbers_are_not_taken(app: Flask, pattern: str) -> None:
    with pytest.raises((NumbersClash, PatternRefused)):
        propose(pattern)


def test_a_proposal_and_a_begun_series_of_another_kind_are_in_the_way(app: Flask) -> None:
    propose("苏红{year}{seq:04d}", code="junior")
    with pytest.raises(NumbersClash):
        propose("苏红{year}{seq:05d}")
    put("苏急{year}{seq:04d}", code="responder", year=2027)
    with pytest.raises(NumbersClash):
        propose("苏急2027{seq:04d}")
    put("苏急{year}{seq:04d}")


def test_an_old_ledgers_number_is_in_the_way(app: Flask) -> None:
    load(line(number="澄红2026-0117"))
    with pytest.raises(NumbersClash) as refused:
        propose("澄红{year}-{seq:04d}")
    assert refused.value.facts["number"] == "澄红2026-0117"
    put("澄救{year}-{seq:04d}")


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("jya {year}{seq}", "JYA{year}{seq:05d}"), ("苏红-{YEAR}-{seq}", "苏红-{year}-{seq:05d}"), ("JYA{year}", None),
        ("{seq}-{seq}", None), ("JYA{year}{seq:05d", None), ("JYA{kind}{seq}", None), ("JYA<{seq}>", None),
        ("{year}{year}{seq}", None), ("A" * 40 + "{seq}", None), ("{seq!r}AAAA", None), ("{seq.real}AAAA", None), ("test-{year}{seq}", None),
    ],
)  # fmt: skip
def test_what_a_pattern_may_be(typed: str, pattern: str | None) -> None:
    if pattern is None:
        with pytest.raises(PatternRefused):
            with_width(typed, 5)
        return
    assert with_width(typed, 5) == pattern
    assert (width_of(pattern), without_width(pattern)) == (5, pattern.replace(":05d", ""))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("A{seq:03d}", "A{seq:05d}", True), ("A{seq:03d}", "B{seq:03d}", False), ("A1{seq:03d}", "A{seq:03d}", True),
        ("A{seq:03d}B", "A{seq:03d}", False), ("A{seq:03d}B", "A{seq:01d}B", True), ("A{year}{seq:03d}", "A2026{seq:03d}", True),
        ("A{year}{seq:03d}", "A2027{seq:03d}", False), ("{seq:03d}7", "{seq:02d}8", False), ("{seq:03d}7", "4{seq:02d}", True),
    ],
)  # fmt: skip
def test_patterns_that_share_a_number(one: str, other: str, clash: bool) -> None:
    assert meet(one, 2026, other, 2026) is clash
    assert meet(other, 2026, one, 2026) is clash


def test_test_certificates_keep_their_own_series(app: Flask) -> None:
    put("苏红澄{year}-{seq:04d}")
    run, by = issued.ready_run()
    with unit_of_work():
        assert [one.number for one in confirm(run.id, by, mode="test")] == ["TEST-JYA202600001"]


def test_every_kind_begins_with_short_letters_of_its_own(app: Flask) -> None:
    codes = [code for code, *_ in COURSE_TYPES]
    patterns = {code: default_pattern(code, LOCAL) for code in codes}
    assert patterns["cpr_aed"] == "JYA{year}{seq:05d}"
    assert patterns["instructor"] == "JYS{year}{seq:05d}"
    assert patterns["instructor_refresh"] == "JYSF{year}{seq:05d}"
    assert all(re.fullmatch(r"JY[A-WYZ]{1,2}\{year\}\{seq:05d\}", one) for one in patterns.values())
    for one, other in itertools.combinations(patterns.values(), 2):
        assert not meet(one, 2026, other, 2026)
    # A kind that is added later is kept apart by its whole code.
    assert default_pattern("night_class", LOCAL) == "JYXNIGHTCLASS{year}{seq:05d}"


def test_a_series_that_has_begun_keeps_its_pattern(app: Flask) -> None:
    with unit_of_work():
        one = CourseType(code="instructor", name="师资培训", family="instructor")
        db.session.add(one)
        db.session.flush()
        old = "JYXINSTRUCTOR{year}{seq:05d}"
        db.session.add(NumberSeries(course_type_id=one.id, year=2026, mode=LOCAL, pattern=old, last=3))
    with unit_of_work():
        one = kind("instructor")
        assert rule_in_force(one, 2026) == (LOCAL, old)
        assert allot(one, 2026, 1).numbers == ("JYXINSTRUCTOR202600004",)
        assert allot(one, 2027, 1).numbers == ("JYS202700001",)
