"""Every figure can be explained: rows, sectors and totals come from the same rows, by the counting rules."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from chengjiu_mp.certificates import states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.reports.figures import Line, Progress
from chengjiu_mp.reports.progress import progress, years_with_targets
from chengjiu_mp.units.models import METRICS
from chengjiu_mp.units.plan_2022 import install_plan_2022, install_sample
from chengjiu_mp.units.service import place_school
from tests import factories, figures_rows, issued
from tests.conftest import FrozenClock
from tests.figures_rows import at, certificate, held, sector


def line(of: Progress, code: str) -> Line:
    unit_id = factories.unit(code).id
    return next(row for row in of.rows if row.unit_id == unit_id)


def done(of: Line) -> tuple[int, int, int]:
    return of.certified.done, of.junior.done, of.popular.done


def test_nothing_at_all_is_twenty_rows_of_nothing(app: Flask) -> None:
    with factories.made():
        factories.unit()
    empty = progress(2026)
    assert len(empty.rows) == 20 and len(empty.sectors) == 6
    assert done(empty.totals) == (0, 0, 0)
    assert (empty.has_targets, empty.title, empty.totals.certified.target) == (False, "", None)


def test_the_rows_stand_in_the_plans_own_order_with_its_targets(app: Flask) -> None:
    with factories.made():
        factories.unit()
        install_plan_2022()
    plan = progress(2022)
    assert [plan.rows[0].name, plan.rows[17].name, plan.rows[19].name] == ["高新区（城东街道）", "教育局", "企业"]
    assert [getattr(plan.totals, m).target for m in METRICS] == [5000, 1200, 30000]
    assert line(plan, "education").popular.target == 8000


def test_a_year_with_yearly_totals_alone_has_no_row_targets(app: Flask) -> None:
    with factories.made():
        factories.unit()
        install_plan_2022()
    later = progress(2023)
    assert (later.totals.certified.target, later.totals.junior.target) == (5000, None)
    assert later.rows[0].certified.target is None and not later.has_targets


def test_a_sample_says_so(app: Flask) -> None:
    with factories.made():
        factories.unit()
        install_sample(2026)
    assert progress(2026).is_sample and years_with_targets() == [2026]


def differences(before: Progress, after: Progress) -> tuple[list[Any], list[Any]]:
    rows = [a.name for a, b in zip(before.rows, after.rows, strict=True) if a != b]
    sectors = [a.name for a, b in zip(before.sectors, after.sectors, strict=True) if a != b]
    return rows, sectors


def test_one_confirmed_certificate_moves_one_row_and_one_sector(app: Flask) -> None:
    with factories.made():
        factories.unit()
        install_sample(2026)
    before = progress(2026)
    issued.issue("张三", kind="junior")
    after = progress(2026)
    assert differences(before, after) == (["澄江街道"], ["社区"])
    assert done(line(after, "chengjiang")) == (1, 1, 0)
    assert (after.totals.certified.done, after.persons, after.counters.certified) == (1, 1, 1)


def test_junior_is_part_of_certified_and_never_added(app: Flask) -> None:
    with factories.made():
        certificate("nanzha", "junior")
        certificate("nanzha", "responder")
    assert done(line(progress(2026), "nanzha")) == (2, 1, 0)


def test_persons_and_certificates_are_counted_apart(app: Flask) -> None:
    with factories.made():
        first = certificate("nanzha", "junior")
        certificate("nanzha", "cpr_aed", person_id=first.person_id)
    assert (progress(2026).totals.certified.done, progress(2026).persons) == (2, 1)


@pytest.mark.parametrize("values", [{"counted": False}, {"is_test": True}, {"issued_on": date(2026, 11, 24)}])
def test_what_does_not_count_moves_nothing(app: Flask, values: dict[str, Any]) -> None:
    with factories.made():
        certificate("nanzha", **values)
    assert progress(2026).totals.certified.done == 0


def test_a_revocation_takes_one_off_on_its_own_date(app: Flask, frozen: FrozenClock) -> None:
    (row,) = issued.issue("张三")
    frozen.now = at("2026-11-25 10:00")
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, row.id), "考核有误")
    assert progress(2026).totals.certified.done == 0
    assert progress(2026, as_of=date(2026, 11, 24)).totals.certified.done == 1


def test_a_closed_popular_run_adds_its_heads_to_its_row_and_sector(app: Flask) -> None:
    with factories.made():
        factories.unit()
        before = progress(2026)
        held("popular", "education", head_count=180, sector_id=figures_rows.sector("school"))
    after = progress(2026)
    assert differences(before, after) == (["教育局"], ["学校"])
    assert (line(after, "education").popular.done, after.counters.people) == (180, 180)


def test_online_heads_stand_apart(app: Flask) -> None:
    with factories.made():
        held("popular", "nanzha", head_count=500, online=True)
    row = line(progress(2026), "nanzha")
    assert (row.popular.done, row.online) == (0, 500)
    assert (progress(2026).counters.people, progress(2026).counters.people_online) == (0, 500)


@pytest.mark.parametrize("state", ["published", "cancelled", "draft"])
def test_heads_count_once_the_run_is_closed(app: Flask, state: str) -> None:
    with factories.made():
        held("popular", "nanzha", head_count=100, state=state)
    assert progress(2026).totals.popular.done == 0


def test_a_certified_runs_head_count_is_no_popular_figure(app: Flask) -> None:
    with factories.made():
        held("cpr_aed", "nanzha", head_count=40)
    assert (progress(2026).totals.popular.done, progress(2026).totals.runs) == (0, 1)


@pytest.mark.parametrize(
    ("ends", "years"), [("2026-12-31 23:59", {2026: 30, 2027: 0}), ("2027-01-01 00:00", {2026: 0, 2027: 30})]
)
def test_the_plan_year_turns_at_midnight_in_jiangyin(
    app: Flask, frozen: FrozenClock, ends: str, years: dict[int, int]
) -> None:
    frozen.now = at("2027-01-02 09:00")
    with factories.made():
        held("popular", "nanzha", head_count=30, ends=at(ends))
    assert {year: progress(year).totals.popular.done for year in years} == years


def test_a_certificate_counts_in_the_year_of_the_last_meeting(app: Flask, frozen: FrozenClock) -> None:
    frozen.now = at("2027-01-03 09:00")
    with factories.made():
        certificate("nanzha", of=held("cpr_aed", "nanzha", ends=at("2026-12-31 17:00")))
    assert [progress(year).totals.certified.done for year in (2026, 2027)] == [1, 0]


def test_the_counters_run_on_from_the_plans_first_year(app: Flask) -> None:
    with factories.made():
        held("popular", "nanzha", head_count=100, ends=at("2022-10-01 16:00"))
        held("popular", "nanzha", head_count=20)
        certificate("nanzha", count_year=2024)
    assert progress(2026).counters.people == 121
    assert progress(2022).counters.people == 100
    assert (progress(2026).counters.runs, progress(2026).totals.runs) == (3, 2)


def test_instructors_runs_and_people_are_the_counters(app: Flask, frozen: FrozenClock) -> None:
    with factories.made():
        for due in (date(2026, 11, 23), date(2026, 11, 22), None):
            factories.instructor(refresh_due=due)
        factories.instructor(refresh_due=date(2027, 5, 1), status="suspended")
        held("instructor_refresh", "nanzha")
    counters = progress(2026).counters
    assert (counters.instructors, counters.instructors_unknown, counters.runs) == (1, 1, 0)


def test_the_kind_of_school_alone_decides_its_row(app: Flask) -> None:
    with factories.made():
        for kind in ("city", "town"):
            school = factories.child_unit("nanzha", "某校")
            place_school(school, kind, factories.unit("nanzha"))
            held("popular", unit_id=school.id, head_count=100 if kind == "city" else 7)
    assert line(progress(2026), "education").popular.done == 100
    assert line(progress(2026), "nanzha").popular.done == 7


def test_what_belongs_to_no_row_is_shown_and_summed(app: Flask) -> None:
    with factories.made():
        held("popular", "jiangyin", head_count=60)
        certificate("jiangyin")
    shown = progress(2026)
    assert done(shown.unassigned) == (1, 0, 60) and done(shown.totals) == (1, 0, 60)


def test_rows_sectors_and_totals_are_sums_of_the_same_base_rows(app: Flask) -> None:
    with factories.made():
        for n, code in enumerate(["nanzha", "education", "enterprises", "jiangyin"] * 3):
            where = sector(("family", "school", "enterprise")[n % 3])
            certificate(code, ("junior", "cpr_aed")[n % 2], sector_id=where)
            held("popular", code, head_count=n, sector_id=where)
    shown = progress(2026)
    base = db.session.scalar(select(func.count()).select_from(Certificate))
    rows = [*shown.rows, shown.unassigned]
    assert sum(r.certified.done for r in rows) == shown.totals.certified.done == base == 12
    assert sum(s.certified for s in shown.sectors) == 12
    assert sum(r.popular.done for r in rows) == sum(s.popular for s in shown.sectors) == sum(range(12))
    assert shown.totals.junior.done == 6


def test_the_number_of_statements_does_not_grow(app: Flask) -> None:
    with factories.made():
        factories.unit()
        install_sample(2026)
        for code in ("nanzha", "education", "enterprises"):
            certificate(code)
            held("popular", code, head_count=9)
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    progress(2026)
    assert len([statement for statement in said if statement.startswith("SELECT")]) == 8
