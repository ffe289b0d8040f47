"""Which rule makes a kind's numbers of a year: proposed by one person, put in force by another.

A wrong pattern is on every certificate of a year and cannot be taken back once a number was given, so two people look
at it, as they do at results.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.errors import (
    NumbersClash,
    OwnRule,
    PatternFixed,
    RuleDecided,
    RuleUnchanged,
    RuleWaits,
    YearAhead,
)
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.certificates.number_patterns import check_pattern, expression, meet
from chengjiu_mp.certificates.numbering import EXTERNAL, LOCAL, TEST, default_pattern, rule_in_force
from chengjiu_mp.certificates.series_models import SeriesRule
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseType


@dataclass(frozen=True)
class RuleLine:
    """A kind in a year: what is in force, how many numbers were given by it, and what waits for a second person."""

    kind: CourseType
    year: int
    mode: str
    pattern: str
    given: int
    waiting: SeriesRule | None


class _Rival(NamedTuple):
    """A pattern that gives numbers in ``year``; None stands for the years ahead."""

    pattern: str
    year: int | None


def may_be_set(year: int) -> bool:
    """Return whether the rule of a year may be set: this one and the next."""
    return year in (clock.today().year, clock.today().year + 1)


def rule_lines(year: int) -> list[RuleLine]:
    """Return every kind that leads to a certificate, in a year."""
    found = select(CourseType).where(CourseType.family != "popular", CourseType.refresh_of_id.is_(None))
    kinds = db.session.scalars(found.order_by(CourseType.sort, CourseType.id)).all()
    open_ = select(SeriesRule).where(SeriesRule.year == year, SeriesRule.state == "proposed")
    waiting = {one.course_type_id: one for one in db.session.scalars(open_)}
    rows = db.session.execute(
        select(NumberSeries.course_type_id, func.count())
        .join(Certificate, Certificate.series_id == NumberSeries.id)
        .where(NumberSeries.year == year, NumberSeries.mode != TEST)
        .group_by(NumberSeries.course_type_id)
    )
    given = {kind: int(count) for kind, count in rows}
    return [
        RuleLine(kind, year, *rule_in_force(kind, year), given.get(kind.id, 0), waiting.get(kind.id)) for kind in kinds
    ]


def rule_line(kind_id: int, year: int) -> RuleLine:
    """Return one of them.

    :raise NotFound: no such kind, or a year whose rule cannot be set
    """
    found = next((one for one in rule_lines(year) if one.kind.id == kind_id), None) if may_be_set(year) else None
    if found is None:
        raise NotFound
    return found


def propose(kind_id: int, year: int, mode: str, pattern: str, by: Principal) -> SeriesRule:
    """Propose a rule. Who may is the caller's to check (operators and approvers of the whole city).

    :raise NotFound: no such kind; :raise YearAhead: a year that is over, or too far ahead
    :raise PatternRefused, PatternFixed, NumbersClash: the pattern cannot be used; :raise RuleUnchanged: it is in force
    :raise RuleWaits: another proposal waits
    """
    if not may_be_set(year):
        raise YearAhead("只能设置今年和明年的编号规则。", field="mode")
    kind, pattern = rule_line(kind_id, year).kind, pattern if mode == LOCAL else ""
    if rule_in_force(kind, year) == (mode, pattern):
        raise RuleUnchanged(field="mode")
    _check(kind, year, mode, pattern)
    rule = SeriesRule(course_type_id=kind.id, year=year, mode=mode, pattern=pattern, proposed_by=by.account_id)
    try:
        with db.session.begin_nested():
            db.session.add(rule)
    except IntegrityError as exc:
        if violated(exc, "uq_series_rule_proposed"):
            raise RuleWaits from exc
        raise
    audit.record("number_rule.proposed", rule, mode=mode, pattern=pattern, year=year)
    return rule


def put_in_force(rule_id: int, by: Principal) -> SeriesRule:
    """Put a proposal in force. Who may is the caller's to check (approvers of the whole city).

    :raise NotFound: none; :raise RuleDecided: somebody was first; :raise OwnRule: the caller proposed it
    :raise PatternFixed, NumbersClash: something was issued or set since it was proposed
    """
    rule = _decide(rule_id, "in_force", by)
    kind = db.session.get_one(CourseType, rule.course_type_id)
    _check(kind, rule.year, rule.mode, rule.pattern)
    if rule.mode == LOCAL:
        _set_pattern(rule)
    audit.record("number_rule.put_in_force", rule, mode=rule.mode, pattern=rule.pattern, year=rule.year)
    return rule


def refuse(rule_id: int, by: Principal) -> SeriesRule:
    """Refuse a proposal, or take one's own back.

    :raise NotFound: none; :raise RuleDecided: somebody was first
    """
    rule = _decide(rule_id, "refused", by)
    audit.record("number_rule.refused", rule, year=rule.year)
    return rule


def rule_by_id(rule_id: int) -> SeriesRule:
    """Return a rule.

    :raise NotFound: there is none
    """
    rule = db.session.get(SeriesRule, rule_id)
    if rule is None:
        raise NotFound
    return rule


def _decide(rule_id: int, state: str, by: Principal) -> SeriesRule:
    rule = rule_by_id(rule_id)
    if state == "in_force":
        if rule.proposed_by == by.account_id:
            raise OwnRule
        same = (SeriesRule.course_type_id == rule.course_type_id, SeriesRule.year == rule.year)
        replaced = update(SeriesRule).where(*same, SeriesRule.state == "in_force")
        db.session.execute(replaced.values(state="replaced"))
    held = update(SeriesRule).where(SeriesRule.id == rule_id, SeriesRule.state == "proposed")
    decided = held.values(state=state, decided_at=clock.now(), decided_by=by.account_id)
    if db.session.scalar(decided.returning(SeriesRule.id)) is None:
        raise RuleDecided
    db.session.refresh(rule)
    return rule


def _set_pattern(rule: SeriesRule) -> None:
    """Give the counter its pattern; the row is the lock: a number that is being given now comes first or after."""
    fresh = insert_into(NumberSeries).values(
        course_type_id=rule.course_type_id, year=rule.year, mode=LOCAL, pattern=rule.pattern, last=0
    )
    db.session.execute(fresh.on_conflict_do_nothing(index_elements=["course_type_id", "year", "mode"]))
    mine = (
        NumberSeries.course_type_id == rule.course_type_id, NumberSeries.year == rule.year, NumberSeries.mode == LOCAL,
    )  # fmt: skip
    same = (NumberSeries.last == 0) | (NumberSeries.pattern == rule.pattern)
    put = update(NumberSeries).where(*mine, same).values(pattern=rule.pattern).returning(NumberSeries.id)
    if db.session.scalar(put) is None:
        raise PatternFixed(field="pattern")


def _check(kind: CourseType, year: int, mode: str, pattern: str) -> None:
    if mode != LOCAL:
        return
    check_pattern(pattern)
    mine = (NumberSeries.course_type_id == kind.id, NumberSeries.year == year, NumberSeries.mode == LOCAL)
    own = db.session.scalars(select(NumberSeries).where(*mine)).first()
    if own is not None and own.last and own.pattern != pattern:
        raise PatternFixed(field="pattern")
    for rival in _rivals(kind, year):
        if meet(pattern, year, rival.pattern, rival.year):
            raise NumbersClash(field="pattern", series=rival.pattern)
    shape, begin = expression(pattern, str(year)), pattern.partition("{")[0]
    given = select(Certificate.number).where(Certificate.number.startswith(begin, autoescape=True))
    if own is not None:
        given = given.where(Certificate.series_id != own.id)
    old = select(EarlierCertificate.number).where(EarlierCertificate.number.startswith(begin, autoescape=True))
    for number in (*db.session.scalars(given), *db.session.scalars(old)):
        if shape.fullmatch(number):
            raise NumbersClash(field="pattern", number=number)


def _rivals(kind: CourseType, year: int) -> Iterable[_Rival]:
    """Yield the patterns of every other series, begun, agreed on or to be expected."""
    begun = select(NumberSeries.course_type_id, NumberSeries.year, NumberSeries.mode, NumberSeries.pattern)
    known = set()
    for row in db.session.execute(begun.where(NumberSeries.mode != EXTERNAL)):
        known.add((row.course_type_id, row.year, row.mode))
        if (row.course_type_id, row.year, row.mode) != (kind.id, year, LOCAL):
            yield _Rival(row.pattern, row.year)
    open_ = select(SeriesRule).where(SeriesRule.state == "proposed", SeriesRule.mode == LOCAL)
    for rule in db.session.scalars(open_):
        if (rule.course_type_id, rule.year) != (kind.id, year):
            yield _Rival(rule.pattern, rule.year)
    this = clock.today().year
    for one in db.session.scalars(select(CourseType).where(CourseType.refresh_of_id.is_(None))):
        for mode in (LOCAL, TEST):
            pattern = default_pattern(one.code, mode)
            for near in (this, this + 1):
                if (one.id, near, mode) not in known and (one.id, near, mode) != (kind.id, year, LOCAL):
                    yield _Rival(pattern, near)
            # A year that nobody set begins with the default pattern; its own kind's as well.
            if (one.id, mode) != (kind.id, LOCAL):
                yield _Rival(pattern, None if "{year}" in pattern else this)
