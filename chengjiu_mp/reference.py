"""What every installation begins with: the plan's rows, six sectors, course types, schemes, notices. Safe to run again.

Values that nobody has confirmed are listed in ``unconfirmed`` and shown as 待业务核实 in the console. Sources: the
city's plan of 2022-08-31 (rows, sectors, groups, kinds) and what comparable cities publish (hours, ages, validity).
"""

import hashlib
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base, db
from chengjiu_mp.courses.models import CourseType, Syllabus
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.instructors.models import InstructorPolicy
from chengjiu_mp.people.models import Notice
from chengjiu_mp.units.models import Sector, Unit

CITY = "jiangyin"
# Of a short course everything is attended; of a longer one nine tenths.
SHORT_HOURS = 4

# 附件3, in the plan's own order.
ROWS = (
    ("chengdong", "高新区（城东街道）"), ("chengjiang", "澄江街道"), ("nanzha", "南闸街道"), ("yunting", "云亭街道"),
    ("xiagang", "夏港街道"), ("shengang", "申港街道"), ("ligang", "利港街道"), ("huangtu", "璜土镇"),
    ("yuecheng", "月城镇"), ("qingyang", "青阳镇"), ("xuxiake", "徐霞客镇"), ("huashi", "华士镇"),
    ("zhouzhuang", "周庄镇"), ("xinqiao", "新桥镇"), ("changjing", "长泾镇"), ("gushan", "顾山镇"),
    ("zhutang", "祝塘镇"), ("education", "教育局"), ("institutions", "机关事业单位"), ("enterprises", "企业"),
)  # fmt: skip

SECTORS = (
    ("office", "机关"), ("school", "学校"), ("community", "社区"),
    ("village", "农村"), ("enterprise", "企业"), ("family", "家庭"),
)  # fmt: skip

# code, name, family, hours, capacity, minimum age, validity in months, scheme
COURSE_TYPES: tuple[tuple[str, str, str, float, int, int, int | None, str | None], ...] = (
    ("cpr_aed", "CPR+AED", "certified", 4, 50, 14, 36, "cpr_aed"),
    ("junior", "初级救护员", "certified", 8, 50, 16, 36, "junior"),
    ("responder", "救护员", "certified", 16, 50, 18, 36, "responder"),
    ("popular", "普及培训", "popular", 2, 200, 0, None, None),
    ("instructor", "师资培训", "instructor", 40, 30, 18, None, None),
    ("instructor_refresh", "师资复训", "instructor", 8, 50, 18, None, None),
    # Rows are only ever added at the end: their ids are the same in every installation.
    ("cpr_aed_refresher", "CPR+AED 复训", "certified", 2, 50, 14, None, "cpr_aed_refresher"),
)  # fmt: skip
# Refreshers, and the kind whose certificates each renews.
REFRESHES = {"cpr_aed_refresher": "cpr_aed"}

_THEORY = {"code": "theory", "name": "理论", "kind": "theory", "max": 100, "pass": 80, "required": True}
# Steps, their points and which are critical: common practice of first-aid courses, confirmed by nobody yet.
_CPR_STEPS = (
    ("scene", "环境安全、自我防护", 5), ("response", "判断意识：轻拍双肩、大声呼唤", 5),
    ("call", "呼救：打 120、取 AED", 5, True), ("breathing", "判断呼吸，5～10 秒", 5),
    ("place", "摆成仰卧位、解开衣服", 5), ("hands", "按压位置：胸骨下半段，双手重叠", 10, True),
    ("rate", "按压频率：每分钟 100～120 次", 15), ("depth", "按压深度 5～6 厘米，充分回弹", 15, True),
    ("airway", "清理口腔、开放气道", 10), ("breaths", "人工呼吸 2 次，每次约 1 秒，见胸廓起伏", 10),
    ("ratio", "30∶2 做 5 组，中断不超过 10 秒", 10), ("recheck", "复检、整理衣服、安慰", 5),
)  # fmt: skip
_AED_STEPS = (
    ("on", "打开 AED 电源", 15, True), ("pads", "贴电极片：位置正确、贴紧", 20, True), ("plug", "插上电极片插头", 10),
    ("analyse", "分析心律时没有人接触患者", 15), ("clear", "放电前大声提醒、确认没有人接触", 20, True),
    ("shock", "按下放电键", 10), ("resume", "放电后马上继续按压", 10),
)  # fmt: skip


def _steps(*steps: Any) -> list[dict[str, Any]]:
    return [
        {"code": code, "name": name, "points": points, "critical": bool(more)} for code, name, points, *more in steps
    ]


_CPR = {"code": "cpr", "name": "心肺复苏", "kind": "practical", "max": 100, "pass": 80, "required": True,
        "steps": _steps(*_CPR_STEPS)}  # fmt: skip
_AED = {"code": "aed", "name": "AED 操作", "kind": "practical", "max": 100, "pass": 80, "required": True,
        "steps": _steps(*_AED_STEPS)}  # fmt: skip
_WOUND = {"code": "wound", "name": "创伤救护", "kind": "practical", "max": 100, "pass": 80, "required": True}

SCHEMES = {
    "cpr_aed": ("CPR+AED 考核", [_THEORY, _CPR, _AED]),
    "junior": ("初级救护员考核", [_THEORY, _CPR, _AED]),
    "responder": ("救护员考核", [_THEORY, _CPR, _AED, _WOUND]),
    "cpr_aed_refresher": ("CPR+AED 复训考核", [_CPR, _AED]),
}

BRING = "请带身份证件原件，穿便于活动的衣裤和平底鞋，提前 15 分钟到场。"
HEALTH = "操作练习需要跪姿和用力按压。孕妇、腰膝腕关节有损伤或手术后 3 个月内的，请先不要报名实操课程。"

NOTICES = {
    "signup": (
        "报名信息告知",
        "江阴市红十字会为办理应急救护培训的报名、签到、考核和发证，收集您的姓名、证件类型和号码、手机号。"
        "信息加密保存，只供本次培训的工作人员在职责范围内使用，不向其他单位提供。"
        "未取得证书的报名信息保存一年后删除；取得证书的，保存到证书到期后三年。"
        "您可以随时查看、更正，或联系我们撤回同意。",
    ),
    "document_number": (
        "证件号码单独同意",
        "证件号码用于确认是您本人、计算年龄，并保证一人一证。号码加密保存，页面上不显示，不会印在证书上。"
        "不同意的，无法为您办理实名证书。",
    ),
    "guardian": (
        "未满 14 周岁儿童个人信息监护人同意书",
        "为了给孩子办理应急救护培训的报名、签到、考核和发证，江阴市红十字会要处理孩子的姓名、证件类型和号码，"
        "以及监护人的姓名、与孩子的关系和手机号。孩子的信息属于敏感个人信息，只收集办理这次培训必需的这几项，"
        "加密保存，只供本次培训的工作人员在职责范围内使用，不向其他单位提供，也不用于其他目的。"
        "未取得证书的，培训结束一年后删除；取得证书的，保存到证书到期后三年。不同意不影响孩子参加不实名的宣传活动。"
        "您可以随时查看、更正、要求删除，或撤回同意；撤回后，孩子还没有参加的报名会取消，已经完成的培训不受影响。",
    ),
}


def install() -> None:
    """Insert what is missing; what is there stays as it is."""
    city = _ensure(Unit, {"code": CITY}, name="江阴市", sort=0)
    for sort, (code, name) in enumerate(ROWS, 1):
        row = _ensure(Unit, {"code": code}, name=name, sort=sort, is_row=True, parent_id=city.id)
        row.row_id = row.id
    for sort, (code, name) in enumerate(SECTORS, 1):
        _ensure(Sector, {"code": code}, name=name, sort=sort)
    for code, (name, items) in SCHEMES.items():
        _ensure(ExamScheme, {"code": code, "version": 1}, name=name, items=items, unconfirmed=["pass", "steps"])
    for sort, values in enumerate(COURSE_TYPES, 1):
        _install_type(sort, *values)
    for purpose, (title, body) in NOTICES.items():
        digest = hashlib.sha256(body.encode()).hexdigest()
        now = {"current": True, "published_at": clock.now()}
        _ensure(Notice, {"purpose": purpose, "version": 1}, title=title, body=body, sha256=digest, **now)
    if db.session.scalars(select(InstructorPolicy)).first() is None:
        db.session.add(InstructorPolicy())
    db.session.flush()


def _install_type(
    sort: int, code: str, name: str, family: str, hours: float, capacity: int, min_age: int, *rest: Any
) -> None:
    validity_months, scheme_code = rest
    kind = _ensure(CourseType, {"code": code}, name=name, family=family, sort=sort, refresh_of_id=_renewed_by(code))
    scheme = db.session.scalars(select(ExamScheme).where(ExamScheme.code == scheme_code)).first()
    _ensure(
        Syllabus, {"course_type_id": kind.id, "version": 1}, hours=hours, capacity_default=capacity, min_age=min_age,
        min_attendance_ratio=1.0 if hours <= SHORT_HOURS else 0.9, validity_months=validity_months,
        exam_scheme_id=scheme.id if scheme else None, bring=BRING,
        health_notice=HEALTH if family == "certified" else "",
        unconfirmed=[
            "hours", "min_age", "validity_months", "exam_scheme_id", "min_attendance_ratio", "renew_within_months",
        ] if family == "certified" else ["hours"],
    )  # fmt: skip


def _renewed_by(code: str) -> int | None:
    return db.session.scalar(select(CourseType.id).where(CourseType.code == REFRESHES.get(code)))


def _ensure(model: type[Base], key: dict[str, Any], **values: Any) -> Any:
    found = db.session.scalars(select(model).filter_by(**key)).first()
    if found is None:
        found = model(**key, **values)
        db.session.add(found)
        db.session.flush()
    return found
