"""Units are a tree under the plan's 20 rows; targets are rows per year and document."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

METRICS = ("certified", "junior", "popular")

# The plan names these groups under 重点人员 (四加强, point 2).
KEY_GROUPS = {
    "officials": "机关干部", "school_staff": "教职工", "students": "学生", "medical": "医疗机构人员",
    "police": "公安干警", "high_risk": "高危行业员工", "other": "其他",
}  # fmt: skip


class Sector(Base):
    """One of 六进: 机关 学校 社区 农村 企业 家庭."""

    __tablename__ = "sector"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(20))
    sort: Mapped[int]


class Unit(Base):
    """A unit; ``row_id`` is the plan row (a unit itself) that its figures count for, its own id for a row."""

    __tablename__ = "unit"
    __table_args__ = (CheckConstraint("school_of in ('city','town') or school_of is null", name="school_of"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    row_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    code: Mapped[str] = mapped_column(String(30), unique=True)
    sort: Mapped[int] = mapped_column(default=0)
    is_row: Mapped[bool] = mapped_column(default=False)
    # 市属 or 非市属 alone decides a school's row (rulings: counting).
    school_of: Mapped[str | None] = mapped_column(String(4))
    active: Mapped[bool] = mapped_column(default=True)


class TargetDocument(Base):
    """The paper that set a year's targets; a newer one for the same year replaces the older."""

    __tablename__ = "target_document"
    __table_args__ = (
        Index(
            "uq_target_document_current", "year", unique=True,
            sqlite_where=text("replaced_at is null"), postgresql_where=text("replaced_at is null"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(100), default="")
    dated: Mapped[date | None]
    is_sample: Mapped[bool] = mapped_column(default=False)
    certified_total: Mapped[int | None]
    popular_total: Mapped[int | None]
    replaced_at: Mapped[datetime | None]
    imported_at: Mapped[datetime] = mapped_column(default=clock.now)
    imported_by: Mapped[int | None]


class AnnualTarget(Base):
    """One cell of 附件3: what a row is to reach in a year. 初级 is part of 持证, never added to it."""

    __tablename__ = "annual_target"
    __table_args__ = (
        CheckConstraint("metric in ('certified','junior','popular')", name="metric"),
        CheckConstraint("value >= 0", name="value"),
        Index("uq_annual_target_document_unit_metric", "document_id", "unit_id", "metric", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("target_document.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    metric: Mapped[str] = mapped_column(String(10))
    value: Mapped[int]
