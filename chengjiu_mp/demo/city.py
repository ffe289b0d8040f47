"""The demo city: past and coming runs, rare and long names, every certificate state, instructors at every stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from sqlalchemy import select

from chengjiu_mp import reference
from chengjiu_mp.certificates import requests, states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, context, ids, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import links
from chengjiu_mp.courses.drafting import Draft
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.demo import line
from chengjiu_mp.demo.people import UNDRAWABLE, UNUSUAL, extra, extras
from chengjiu_mp.demo.stage import Plot, Stage
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.names import sort_key
from chengjiu_mp.signin.models import Account
from chengjiu_mp.signin.service import add_account, grant_role, principal_of_account
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.plan_2022 import install_plan_2022, install_sample
from chengjiu_mp.venues.models import Venue

PASSWORD = "chengjiu-demo"  # noqa: S105  an open door to invented data; production refuses the demo

STAFF = (
    ("ops", "周敏", "operator", None), ("approve", "沈洁", "approver", None), ("audit", "顾平", "auditor", None),
    ("chengjiang", "徐丽华", "unit_manager", "chengjiang"), ("nanzha", "薛峰", "unit_manager", "nanzha"),
    ("system", "唐宇", "system", None),
)  # fmt: skip

# name, unit, grade, stars, months until the refresher is due (None: unknown, 待核实)
TEACHERS: tuple[tuple[str, str, str, int, float | None], ...] = (
    ("陈建国", "chengjiang", "一级", 5, 14), ("陆晓燕", "chengjiang", "二级", 4, 3), ("吴志强", "nanzha", "二级", 3, 2),
    ("许静", "yunting", "三级", 3, 1), ("缪国栋", "huashi", "三级", 2, 0.2), ("赵文娟", "zhouzhuang", "二级", 4, 0),
    ("夏雨", "xuxiake", "三级", 1, -2), ("曹海波", "qingyang", "三级", 0, None), ("孟庆华", "education", "一级", 5, 20),
    ("古丽娜尔·买买提", "institutions", "三级", 2, 9), ("蒋欣", "enterprises", "二级", 3, 11),
    ("袁立新", "gushan", "三级", 1, 6),
)  # fmt: skip

VENUES = (
    ("chengjiang", "澄江街道应急救护培训基地", "江阴市澄江街道澄江中路 100 号三楼", "正门进，坐电梯到三楼。"),
    ("nanzha", "南闸街道生命健康安全体验馆", "江阴市南闸街道站西路 8 号", "体验馆东侧有停车场。"),
    ("huashi", "华士镇新时代文明实践所", "江阴市华士镇环东路 66 号一楼多功能厅", ""),
    ("education", "江阴市青少年活动中心急救教室", "江阴市文化中路 258 号 B 座 401 室", "从北门进，出示预约短信。"),
)  # fmt: skip

CHILDREN = (
    ("chengjiang", "xijiao", "西郊社区", None), ("chengjiang", "beimen", "北门社区", None),
    ("nanzha", "nanzha-primary", "南闸实验小学", "town"), ("education", "first-middle", "江阴市第一初级中学", "city"),
    ("enterprises", "steel", "长江特种钢管有限公司", None), ("institutions", "library", "江阴市图书馆", None),
)  # fmt: skip


SIGN_INS = f"""Demo sign-ins (invented people):
  Instructor   phone 13900000001, the code is shown on the page  (陈建国)
  Operator     ops / {PASSWORD}          Approver     approve / {PASSWORD}
  Unit manager chengjiang / {PASSWORD}   Auditor      audit / {PASSWORD}
  Certificate look-up: 李㛃, phone 13800002004
"""


@dataclass(frozen=True)
class City:
    """What the seeds stand on."""

    stage: Stage
    teachers: Sequence[Instructor]
    units: dict[str, Unit]
    venues: dict[str, Venue]

    def plot(self, kind: str, title: str, at: str, begins: datetime, **more: object) -> Plot:
        """Return a run to be in a unit, with the unit's venue or the city's first, and one instructor."""
        venue = self.venues.get(at) or self.venues["chengjiang"]
        teachers = more.pop("instructors", None) or (self.teachers[0],)
        return Plot(kind, title, self.units[at].id, venue.id, begins, teachers, **more)  # type: ignore[arg-type]


def raise_city() -> None:
    """Seed the demo city once; on a city that stands already nothing changes."""
    if db.session.scalars(select(Account.id).where(Account.username == STAFF[0][0])).first() is not None:
        return
    reference.install()
    install_plan_2022()
    install_sample(clock.today().year)
    city = build()
    _past(city)
    _present(city)
    _coming(city)


def build() -> City:
    """Insert staff, units, venues and instructors."""
    units = {row.code: row for row in db.session.scalars(select(Unit))}
    for parent, code, name, school_of in CHILDREN:
        above = units[parent]
        units[code] = Unit(code=code, name=name, parent_id=above.id, row_id=above.row_id, school_of=school_of)
        db.session.add(units[code])
        db.session.flush()
    staff = {username: _staff(username, name, role, units.get(at or "")) for username, name, role, at in STAFF}
    venues = {at: Venue(unit_id=units[at].id, name=name, address=address, directions=directions)
              for at, name, address, directions in VENUES}  # fmt: skip
    db.session.add_all(venues.values())
    db.session.flush()
    teachers = [
        teacher(f"1390000000{n}" if n < 10 else f"139000000{n}", *one, units) for n, one in enumerate(TEACHERS, 1)
    ]
    return City(Stage(staff["ops"], staff["approve"]), teachers, units, venues)


def _staff(username: str, name: str, role: str, unit: Unit | None) -> Account:
    account = add_account(name, username=username, password=PASSWORD)
    grant_role(account, role, unit_id=unit.id if unit else None)
    return account


def teacher(
    phone: str, name: str, at: str, grade: str, stars: int, due_in: float | None, units: dict[str, Unit]
) -> Instructor:
    """Return an instructor who signs in by ``phone``; ``due_in`` is months until the refresher."""
    account = add_account(name, phone=phone)
    grant_role(account, "instructor", unit_id=units[at].id)
    uid = ids.new_uid()
    row = Instructor(
        uid=uid, account_id=account.id, unit_id=units[at].id, name=name, sort_key=sort_key(name),
        grade=grade, stars=stars,
        phone_index=privacy.phone_index(phone), phone_sealed=privacy.seal(phone, place=Instructor.PLACE, row=uid),
        certificate_no=f"SZ{account.id:05d}", qualified_on=date(2019, 9, 14), refresh_due=_due(due_in),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _due(months: float | None) -> date | None:
    if months is None:
        return None
    whole = int(months)
    return add_months(clock.today(), whole) + timedelta(days=round((months - whole) * 30))


def _hour(days: int, hour: int) -> datetime:
    return clock.at_local(clock.today() + timedelta(days=days), hour)


def _under_way(stage: Stage, issued: Sequence[Certificate]) -> None:
    """One name that its holder asks for, and one that waits for the second person."""
    with context.acting_as(context.PUBLIC):
        requests.ask_name(issued[-3], "顾晓蔓", "上课时徐老师看过身份证")
    sight = requests.Sight(DocType.RESIDENT_ID, "徐文", clock.today())
    with context.acting_as(principal_of_account(stage.operator.id)):
        requests.propose(issued[-4], requests.Wish("name", "与证件核对，录错一字", "许建国", sight))


def _past(city: City) -> None:
    """Runs that ended: certificates in every state, head counts, one run that waits for its confirmation."""
    stage, plot = city.stage, city.plot
    long_ago = clock.at_local(add_months(clock.today(), -44), 9)
    stage.hold(plot("cpr_aed", "CPR+AED 首期公益培训", "chengjiang", long_ago), islice(extras(1000), 6))
    names = [extra(2000 + n, name) for n, name in enumerate((*UNUSUAL, UNDRAWABLE))]
    recent = plot("cpr_aed", "CPR+AED 公益培训（第 12 期）", "nanzha", _hour(-40, 9), instructors=(city.teachers[2],))
    issued = stage.hold(recent, [*names, *islice(extras(2100), 14)], absent=1, failing=2)
    with context.acting_as(context.SYSTEM):
        states.revoke(issued[-1], "信息登记有误，经复核吊销")
        states.correct_name(issued[-2], "周雨晴", "姓名用字更正，已当面核对证件")
    _under_way(stage, issued)
    school = plot("junior", "初级救护员班（教职工）", "education", _hour(-25, 9), sector="school",
                  key_group="school_staff", hours=7, instructors=(city.teachers[8],))  # fmt: skip
    stage.hold(school, islice(extras(2200), 18), absent=2, failing=1)
    firm = plot("responder", "救护员班（高危行业）", "enterprises", _hour(-18, 9), sector="enterprise", days=2, hours=7,
                key_group="high_risk", instructors=(city.teachers[10],))  # fmt: skip
    stage.hold(firm, islice(extras(2300), 12))
    for at, days, heads, online in (
        ("chengjiang", -30, 186, False), ("nanzha", -21, 74, False), ("education", -12, 420, False),
        ("institutions", -9, 1260, True),
    ):  # fmt: skip
        talk = stage.announce(plot("popular", "急救知识进身边", at, _hour(days, 14), capacity=500, online=online))
        stage.close(talk, heads)
    waiting = plot("cpr_aed", "CPR+AED 公益培训（第 14 期）", "chengjiang", _hour(-2, 14), sector="family")
    _examined(city, waiting, submit=True)


def _examined(city: City, plot: Plot, *, submit: bool) -> None:
    run = city.stage.announce(plot)
    people = city.stage.enrol(run, islice(extras(2400), 9))
    city.stage.check_in(run, people, plot.instructors[0])
    city.stage.examine(run, people, plot.instructors[0], failing=1)
    if submit:
        city.stage.submit(run, plot.instructors[0])


def _present(city: City) -> None:
    """Today's run: some are in, some are still to come; and yesterday's, whose results are to be entered."""
    stage = city.stage
    begins = clock.now().replace(minute=0, second=0, microsecond=0)
    today = stage.announce(
        city.plot("cpr_aed", "CPR+AED 公益培训（第 15 期）", "chengjiang", begins, capacity=30, hours=4)
    )
    people = stage.enrol(today, [*islice(extras(2500), 14), extra(2550, "阿卜杜热西提·买买提明")])
    stage.check_in(today, people[:6], city.teachers[0])
    yesterday = stage.announce(city.plot("cpr_aed", "CPR+AED 夜校班", "chengjiang", _hour(-1, 18), hours=2.5))
    stage.check_in(yesterday, stage.enrol(yesterday, islice(extras(2600), 8)), city.teachers[0])


def _coming(city: City) -> list[CourseRun]:
    """What citizens find: open, almost full, full with a line, for families, in the villages; and what moves there."""
    stage, plot = city.stage, city.plot
    full = stage.announce(plot("cpr_aed", "CPR+AED 公益培训（第 16 期）", "chengjiang", _hour(5, 14), capacity=12))
    stage.enrol(full, islice(extras(2700), 17), unit_ids=[city.units[c].id for c in ("xijiao", "beimen")])
    nearly = stage.announce(plot("junior", "初级救护员周末班", "nanzha", _hour(12, 9), capacity=20, hours=7,
                                 instructors=(city.teachers[2],)))  # fmt: skip
    stage.enrol(nearly, islice(extras(2800), 18))
    others = [
        plot("popular", "家庭急救小课堂：噎食、烫伤、溺水", "huashi", _hour(6, 19), sector="family", capacity=120),
        plot("cpr_aed", "校园守护·教职工 CPR+AED 培训", "education", _hour(8, 13), sector="school"),
        plot("responder", "救护员班（两天）", "chengjiang", _hour(15, 9), days=2, hours=7,
             instructors=city.teachers[:2]),
        plot("cpr_aed", "田间地头学急救·华士镇专场", "huashi", _hour(20, 9), sector="village"),
        plot("cpr_aed_refresher", "CPR+AED 复训班（证书到期前来）", "chengjiang", _hour(13, 14), hours=2, capacity=24),
        plot("instructor_refresh", "应急救护师资年度复训", "chengjiang", _hour(30, 9), hours=7, capacity=40),
    ]  # fmt: skip
    runs = [stage.announce(one) for one in others]
    _changing(city, runs)
    return [full, nearly, *runs]


def _changing(city: City, runs: Sequence[CourseRun]) -> None:
    """What moves: a seat on offer, places kept, a new date, a class called off, a family, a weekly series."""
    stage, plot = city.stage, city.plot
    with context.acting_as(principal_of_account(stage.operator.id)):
        line.offer_a_seat(stage, plot("cpr_aed", "午间小班 CPR+AED", "nanzha", _hour(9, 12), capacity=4, hours=2,
                                      instructors=(city.teachers[2],)))  # fmt: skip
        line.change_the_date(stage, runs[1], _hour(10, 13))
        line.keep_places(runs[3], city.units["huashi"].id, 10)
        line.call_off(stage, plot("cpr_aed", "CPR+AED 企业专场", "enterprises", _hour(7, 14), sector="enterprise"))
        line.bring_a_family(runs[0])
        evening = Sitting(_hour(11, 18), _hour(11, 21))
        line.repeat_weekly(
            Draft(
                kind="cpr_aed", unit_id=city.units["chengjiang"].id, venue_id=city.venues["chengjiang"].id,
                meetings=[evening], title="澄江街道夜校 CPR+AED", capacity=30, instructor_ids=[city.teachers[1].id],
            ),
            "澄江街道夜校",
        )  # fmt: skip
        links.link_to("unit", city.units["huashi"].id)
