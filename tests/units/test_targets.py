"""附件3 comes in whole or not at all."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.units import plan_2022, targets
from chengjiu_mp.units.errors import TargetsRefused, YearOutOfPlan
from chengjiu_mp.units.models import METRICS, AnnualTarget, TargetDocument
from tests import factories
from tests.sheets import FIRST_ROW, TOTAL_ROW, annex, book

LAST_ROW = TOTAL_ROW - 1
UNIT, CERTIFIED, JUNIOR, POPULAR = 2, 3, 4, 5


def imported(year: int = 2026, content: bytes | None = None, **values: Any) -> TargetDocument:
    with factories.made():
        factories.unit()
        return targets.import_targets(year, content or annex(year), **values)


def sums(document_id: int) -> dict[str, int]:
    query = select(AnnualTarget.metric, func.sum(AnnualTarget.value)).group_by(AnnualTarget.metric)
    return {r[0]: int(r[1]) for r in db.session.execute(query.where(AnnualTarget.document_id == document_id))}


def test_the_annex_gives_twenty_rows_and_its_own_sums(app: Flask) -> None:
    document = imported(reference="澄政办发〔2026〕1号")
    assert sums(document.id) == {"certified": 5000, "junior": 1200, "popular": 30000}
    assert len(targets.targets_of(document.id)) == 60
    assert (document.title, document.certified_total) == ("2026年应急救护培训任务分配表", 5000)


def test_each_row_keeps_its_own_three_figures(app: Flask) -> None:
    document = imported()
    row = factories.unit("education").id
    assert [targets.targets_of(document.id)[row, m] for m in METRICS] == [200, 50, 8000]


PLANTED: dict[str, tuple[dict[tuple[int, int], Any], str, str]] = {
    "unknown unit": ({(FIRST_ROW, UNIT): "无锡市"}, "unknown_unit", f"/rows/{FIRST_ROW}"),
    "double unit": ({(FIRST_ROW + 1, UNIT): "高新区（城东街道）"}, "double_unit", f"/rows/{FIRST_ROW + 1}"),
    "missing unit": ({(LAST_ROW, UNIT): "顾山镇"}, "missing_unit", f"/rows/{TOTAL_ROW}"),
    "negative": ({(5, CERTIFIED): -160}, "not_a_number", "/rows/5"),
    "fraction": ({(5, CERTIFIED): 160.5}, "not_a_number", "/rows/5"),
    "words": ({(6, POPULAR): "七百二十"}, "not_a_number", "/rows/6"),
    "empty": ({(7, JUNIOR): ""}, "not_a_number", "/rows/7"),
    "huge": ({(7, JUNIOR): 99_999_999}, "not_a_number", "/rows/7"),
    "junior above certified": ({(5, JUNIOR): 161}, "junior_above_certified", "/rows/5"),
    "sum differs": ({(TOTAL_ROW, POPULAR): 30001}, "sum_differs", f"/rows/{TOTAL_ROW}"),
    "one cell differs": ({(9, CERTIFIED): 201}, "sum_differs", f"/rows/{TOTAL_ROW}"),
    "wrong year": ({(1, 1): "2025年应急救护培训任务分配表"}, "wrong_year", "/rows/1"),
    "no year": ({(1, 1): "任务分配表"}, "no_year", "/file"),
    "no total": ({(TOTAL_ROW, 1): "总数"}, "no_total", "/file"),
    "no column": ({(2, POPULAR): "人数"}, "no_column", "/rows/2"),
    "no header": ({(2, UNIT): "名称"}, "no_header", "/file"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_refuses_the_whole_file_and_names_its_row(app: Flask, name: str) -> None:
    changes, code, pointer = PLANTED[name]
    with pytest.raises(TargetsRefused) as refused:
        imported(content=annex(2026, changes))
    faults = refused.value.errors
    assert (code, pointer) in [(f["code"], f["pointer"]) for f in faults]
    assert all(f["detail"].endswith("。") for f in faults)
    assert db.session.scalar(select(func.count()).select_from(TargetDocument)) == 0


def test_every_fault_is_named_at_once(app: Flask) -> None:
    with pytest.raises(TargetsRefused) as refused:
        imported(content=annex(2026, {(4, CERTIFIED): "x", (8, UNIT): "某镇"}))
    assert [f["code"] for f in refused.value.errors] == ["not_a_number", "unknown_unit", "missing_unit"]


def test_blanks_brackets_and_separators_of_people_do_not_matter(app: Flask) -> None:
    changes = {(FIRST_ROW, UNIT): "高新区 (城东街道)", (4, POPULAR): "2,880", (4, UNIT): " 澄江　街道"}
    assert sums(imported(content=annex(2026, changes)).id)["popular"] == 30000


def test_a_newer_document_replaces_the_older_and_history_stays(app: Flask) -> None:
    old, new = imported(), imported(content=annex(2026, {(4, JUNIOR): 170, (TOTAL_ROW, JUNIOR): 1210}))
    current = targets.current_document(2026)
    assert current is not None and current.id == new.id
    assert sums(new.id)["junior"] == 1210 and sums(old.id)["junior"] == 1200
    assert [d.replaced_at is None for d in targets.documents()] == [True, False]


def test_an_import_leaves_an_audit_row(app: Flask) -> None:
    document = imported()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "targets.imported")).one()
    assert (entry.object_id, entry.facts["rows"]) == (document.id, 20)


@pytest.mark.parametrize("year", [2021, 2100, 0])
def test_a_year_outside_of_reason_is_refused(app: Flask, year: int) -> None:
    with pytest.raises(YearOutOfPlan):
        targets.read_targets(year, spreadsheet.Sheet([["x"]]))


def test_the_filled_template_comes_back_in(app: Flask) -> None:
    with unit_of_work():
        factories.unit()
        table = targets.read_targets(2027, spreadsheet.read(targets.template(2027)))
    assert len(table.rows) == 20 and table.total("popular") == 0


def test_the_plan_itself_is_installed_once(app: Flask) -> None:
    for _ in range(2):
        with factories.made():
            factories.unit()
            plan_2022.install_plan_2022()
    first, *later = sorted(targets.documents(), key=lambda d: d.year)
    assert sums(first.id) == dict(zip(METRICS, plan_2022.TABLE_SUMS, strict=True))
    assert [(d.year, d.certified_total, sums(d.id)) for d in later] == [(2023, 5000, {}), (2024, 5000, {})]


def test_a_sample_is_marked_and_never_covers_a_real_table(app: Flask) -> None:
    with factories.made():
        factories.unit()
        plan_2022.install_plan_2022()
        plan_2022.install_sample(2022)
        plan_2022.install_sample(2026)
    marks = {d.year: d.is_sample for d in targets.documents()}
    assert marks == {2022: False, 2023: False, 2024: False, 2026: True}


def test_a_sheet_of_another_kind_is_refused_with_what_to_do(app: Flask) -> None:
    with pytest.raises(TargetsRefused) as refused:
        imported(content=book([["姓名", "手机号"], ["陈建国", "13800138000"]]))
    assert "模板" in refused.value.errors[0]["detail"]
