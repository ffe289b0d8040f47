"""The plan's own figures, and their installation. Source: the city's three-year plan of 2022-08-31, 附件2 and 附件3."""

from datetime import date

from sqlalchemy import select

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.units.models import METRICS, AnnualTarget, TargetDocument, Unit

FIRST_YEAR = 2022
YEARS = (2022, 2023, 2024)
DATED = date(2022, 8, 31)
PLAN = "江阴市“澄救百千万”应急救护培训三年行动计划（2022—2024年）"

# 附件2: certified and popular in each of the three years.
YEARLY_CERTIFIED, YEARLY_POPULAR = 5000, 30000

# 四、工作目标: 100 instructors, 1000 runs, 100,000 people of whom 15,000 certified.
GOAL_INSTRUCTORS, GOAL_RUNS, GOAL_PEOPLE, GOAL_CERTIFIED = 100, 1000, 100_000, 15_000
ANNEX_PEOPLE = (YEARLY_CERTIFIED + YEARLY_POPULAR) * len(YEARS)
TWO_GOALS = "计划正文的目标是 10 万人以上，附件 2 三年合计是 10.5 万人次（持证 1.5 万、普及 9 万）。"

# 附件3: row code -> certified, of which junior, popular.
TABLE = {
    "chengdong": (240, 60, 1080), "chengjiang": (640, 160, 2880), "nanzha": (160, 40, 720),
    "yunting": (160, 40, 720), "xiagang": (160, 40, 720), "shengang": (160, 40, 720), "ligang": (200, 50, 900),
    "huangtu": (200, 50, 900), "yuecheng": (160, 40, 720), "qingyang": (240, 60, 1080), "xuxiake": (320, 80, 1440),
    "huashi": (280, 70, 1260), "zhouzhuang": (320, 80, 1440), "xinqiao": (160, 40, 720),
    "changjing": (200, 50, 900), "gushan": (200, 50, 900), "zhutang": (200, 50, 900), "education": (200, 50, 8000),
    "institutions": (300, 50, 1000), "enterprises": (500, 100, 3000),
}  # fmt: skip
TABLE_SUMS = (5000, 1200, 30000)


def install_plan_2022() -> None:
    """Insert the plan's years that have no document yet: 2022 with its 20 rows, 2023 and 2024 with yearly totals only.

    附件3 leaves the rows of the later two years to tables of their own (另行制定)."""
    for year in YEARS:
        if not _has_document(year):
            title = f"{year}年应急救护培训任务分配表" if year == FIRST_YEAR else f"{year}年度合计（附件2）"
            document = TargetDocument(
                year=year, title=title, reference=PLAN, dated=DATED,
                certified_total=YEARLY_CERTIFIED, popular_total=YEARLY_POPULAR,
            )  # fmt: skip
            _add(document, TABLE if year == FIRST_YEAR else {})


def install_sample(year: int) -> None:
    """Copy 附件3 for a year that has no document, marked as a sample (示例)."""
    if _has_document(year):
        return
    document = TargetDocument(
        year=year, title=f"{year}年应急救护培训任务分配表（示例）", reference="照 2022 年附件 3 复制，仅供演示",
        is_sample=True, certified_total=YEARLY_CERTIFIED, popular_total=YEARLY_POPULAR,
    )  # fmt: skip
    _add(document, TABLE)


def _has_document(year: int) -> bool:
    current = select(TargetDocument.id).where(TargetDocument.year == year, TargetDocument.replaced_at.is_(None))
    return db.session.scalars(current).first() is not None


def _add(document: TargetDocument, table: dict[str, tuple[int, int, int]]) -> None:
    db.session.add(document)
    db.session.flush()
    ids = {row.code: row.id for row in db.session.execute(select(Unit.code, Unit.id).where(Unit.is_row))}
    for code, values in table.items():
        db.session.add_all(
            AnnualTarget(document_id=document.id, unit_id=ids[code], metric=metric, value=value)
            for metric, value in zip(METRICS, values, strict=True)
        )
    db.session.flush()
    audit.record("targets.imported", document, year=document.year, rows=len(table), sample=document.is_sample)
