"""The values in force for each kind of course, and which of them nobody has confirmed yet."""

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from chengjiu_mp.certificates import promise
from chengjiu_mp.checkin.attended import percent
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.core.db import db
from chengjiu_mp.core.retention import periods
from chengjiu_mp.courses import queries
from chengjiu_mp.courses.models import Syllabus
from chengjiu_mp.courses.refreshing import certified_kind, validity_of
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.sampling import percent as share_words
from chengjiu_mp.exams.sampling import share_in_force
from chengjiu_mp.instructors.models import InstructorPolicy
from chengjiu_mp.web.retention_words import UNCONFIRMED, days, kept

blueprint = Blueprint("console_settings", __name__, url_prefix="/console/settings")

OPEN = "待业务核实"


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show the values."""
    schemes = {scheme.id: scheme for scheme in db.session.scalars(select(ExamScheme))}
    kinds = [
        {
            "name": one.course_type.name,
            "version": one.version,
            "facts": syllabus_facts(one, schemes.get(one.exam_scheme_id or 0)),
        }
        for one in queries.current_syllabi()
    ]
    share = share_in_force()
    policy = db.session.scalars(select(InstructorPolicy)).first()
    return render_template(
        "admin/settings.html", title="设置", kinds=kinds, policy=policy, open=OPEN, retention=retention_facts(),
        within=promise.within(), sample=share_words(share.sample_share), sample_open=not share.version,
    )  # fmt: skip


def retention_facts() -> list[dict[str, Any]]:
    """Return [{word, value, open}] of how long each kind of personal data is kept; set in the environment."""
    return [{"word": word, "value": days(count), "open": name in UNCONFIRMED} for name, word, count in kept(periods())]


def syllabus_facts(syllabus: Syllabus, scheme: ExamScheme | None) -> list[dict[str, Any]]:
    """Return [{word, value, open}] of a syllabus and its scheme; ``open`` marks what nobody has confirmed."""
    months, refresher = validity_of(syllabus), syllabus.course_type.refresh_of_id is not None
    validity = f"{months} 个月" if months else "不发证"
    if refresher:
        validity += f"（同{certified_kind(syllabus.course_type).name}）"
    rows: tuple[tuple[str, str, str], ...] = (
        ("hours", "学时", f"{syllabus.hours:g}"),
        ("capacity_default", "默认名额", f"{syllabus.capacity_default} 人"),
        ("min_age", "最低年龄", f"{syllabus.min_age} 周岁" if syllabus.min_age else "不限"),
        ("validity_months", "证书有效期", validity),
        ("min_attendance_ratio", "出勤要求", f"至少 {percent(syllabus.min_attendance_ratio)}%"),
        ("exit_scan", "签退", "要扫码签退" if syllabus.exit_scan else "不用"),
        ("exam_scheme_id", "考核方案", f"{scheme.name}（第 {scheme.version} 版）" if scheme else "不考核"),
    )
    if refresher:
        rows = (*rows, ("renew_within_months", "复训期限", f"证书到期后 {syllabus.renew_within_months} 个月内"))
    facts = [{"word": word, "value": value, "open": name in syllabus.unconfirmed} for name, word, value in rows]
    if scheme is None:
        return facts
    items = "；".join(f"{item['name']} {item['pass']}/{item['max']}" for item in scheme.items)
    found = [*facts, {"word": "合格线", "value": items, "open": "pass" in scheme.unconfirmed}]
    steps = "；".join(f"{item['name']} {len(item['steps'])} 步" for item in scheme.items if item.get("steps"))
    return [*found, {"word": "操作步骤", "value": steps, "open": "steps" in scheme.unconfirmed}] if steps else found
