"""The whole chain as people walk it: by the pages alone, in a browser, on the processes that `./dev run` starts."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from chengjiu_mp.core import clock
from tests import factories
from tests.flows.walking import PICTURE, City, Person, board_of, qr_of, running_city

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.slow]

GULI = "古丽米热·阿卜杜热合曼"
TEACHER = "13900000001"
PASSWORD = "chengjiu-demo"


@pytest.fixture(scope="module")
def city(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with running_city(tmp_path_factory.mktemp("walk") / "data") as running:
        yield running


class Walk:
    """One run and the people around it. Each step is what one of them does on the pages."""

    def __init__(self, browser: Browser, city: City) -> None:
        self.browser, self.city = browser, city
        self.people: list[Person] = []
        self.clock(city.morning)

    def person(self, *, script: bool = True, desk: bool = False) -> Person:
        self.people.append(Person(self.browser, self.city, script=script, desk=desk))
        return self.people[-1]

    def clock(self, moment: datetime) -> None:
        self.city.at(moment)
        self.now = moment

    def staff(self, username: str) -> Person:
        one = self.person(desk=True)
        one.opens("/console/signin")
        one.fills(username=username, password=PASSWORD)
        one.presses("登录")
        expect(one.page.locator(".account")).to_be_visible()
        return one

    def instructor(self) -> Person:
        one = self.person()
        one.opens("/signin?next=/teach/")
        one.fills(phone=TEACHER)
        one.presses("获取验证码")
        one.reads_the_code("[name=code]")
        one.presses("登录")
        one.sees("接下来")
        return one

    def publishes(self, title: str, seats: int) -> str:
        """Draft a run that begins in 20 minutes, publish it, and return what its poster's code holds."""
        ops = self.staff("ops")
        begins = clock.local(self.now + timedelta(minutes=20))
        ops.opens("/console/runs/")
        ops.presses("新建场次")
        ops.chooses(kind="CPR+AED", unit_id="澄江街道", venue_id="澄江街道应急救护培训基地", sector="社区")
        ops.fills(title=title, capacity=str(seats), m1__day=f"{begins:%Y-%m-%d}", m1__begins=f"{begins:%H:%M}")
        ops.fills(m1__ends=f"{begins + timedelta(hours=3):%H:%M}")
        ops.page.get_by_label("陈建国").check()
        ops.presses("存为草稿")
        ops.presses("发布…")
        ops.sees("发布后不再变的")
        ops.presses("发布，开始报名")
        ops.sees("报名中", "还没有人报名")
        with ops.page.expect_download() as poster:
            ops.presses("下载海报")
        return qr_of(Image.open(poster.value.path()))

    def signs_up(self, url: str, name: str, document: str, phone: str) -> Person:
        """Scan the poster, fill in the form, without JavaScript; end on the ticket or the place in line."""
        one = self.person(script=False)
        one.opens(url)
        one.page.get_by_role("link", name=re.compile("我要报名|排队候补")).click()
        one.fills(name=name, doc_number=document, phone=phone)
        for box in one.page.locator(".tick input").all():
            box.check()
        one.page.get_by_role("button", name=re.compile("提交报名|排队候补")).click()
        return one

    def ends(self) -> None:
        for one in self.people:
            one.leaves()


@pytest.fixture
def walk(browser: Browser, city: City) -> Iterator[Walk]:
    made = Walk(browser, city)
    yield made
    made.ends()


def _signs_up_at_the_second_try(walk: Walk, url: str, phone: str) -> Person:
    right = factories.resident_id(42)
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    trainee = walk.signs_up(url, GULI, wrong, phone)
    trainee.sees("有一处要改一下")
    expect(trainee.page.locator("#f-name")).to_have_value(GULI)
    expect(trainee.page.locator("#f-doc_number")).to_have_value(wrong)
    trainee.fills(doc_number=right)
    trainee.presses("提交报名")
    trainee.sees(GULI, "已报上")
    return trainee


def _checks_in(walk: Walk, title: str, ticket: str) -> Person:
    """Open today's run, type the ticket's code, and again."""
    teacher = walk.instructor()
    teacher.presses(title)
    teacher.presses("扫码签到")
    # Before its script runs the page answers by itself, in other words.
    teacher.page.wait_for_selector("[data-toggles]")
    for said in ("签到成功", "陈建国"):
        teacher.fills(code=ticket)
        teacher.presses("签到")
        teacher.sees(GULI, said, within="[data-answer]")
    return teacher


def _enters_results(teacher: Person, title: str) -> None:
    teacher.opens("/teach/")
    teacher.presses(title)
    teacher.presses("登记成绩")
    for box in teacher.page.locator(".point input").all():
        box.fill("90")
    teacher.presses("保存成绩")
    teacher.sees("已保存 1 人的成绩")
    teacher.presses("全部登记好了，提交复核")
    teacher.presses("提交复核")
    teacher.sees("已交复核")


def _confirms(walk: Walk, title: str) -> None:
    approver = walk.staff("approve")
    approver.opens("/console/results/")
    approver.presses(title)
    approver.presses("确认并发证")
    approver.presses("确认并发证")
    approver.sees("发出 1 张证书")


def _finds_the_certificate(walk: Walk, phone: str) -> str:
    """Look the certificate up and return what the code on its picture holds."""
    seeker = walk.person()
    seeker.opens("/lookup")
    seeker.fills(name=GULI, phone=phone)
    seeker.presses("获取验证码")
    seeker.reads_the_code("[name=code]")
    seeker.presses("查询证书")
    seeker.presses("查看和保存证书")
    expect(seeker.page.locator("img.picture")).to_be_visible(timeout=PICTURE)
    picture = seeker.picture("img.picture")
    assert len(set(picture.convert("L").resize((350, 248)).tobytes())) > 50
    return qr_of(picture)


def test_from_the_poster_to_the_plans_row(walk):
    title = "CPR+AED 走读班"
    before = board_of(walk.person())
    url = walk.publishes(title, seats=5)
    trainee = _signs_up_at_the_second_try(walk, url, "13700001234")

    other_phone = walk.person()
    other_phone.opens(trainee.page.url)
    teacher = _checks_in(walk, title, trainee.ticket_code())
    other_phone.sees("已签到")

    walk.clock(walk.now + timedelta(hours=4))
    _enters_results(teacher, title)
    _confirms(walk, title)
    verify = _finds_the_certificate(walk, "13700001234")
    public = walk.person(script=False)
    public.opens(verify)
    public.sees("有效", "古丽米***", "CPR+AED")

    after = board_of(public)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "全市": 1, "澄江街道": 1, "进社区": 1,
    }  # fmt: skip


def test_a_freed_seat_goes_to_the_first_in_line(walk):
    url = walk.publishes("CPR+AED 两人班", seats=2)
    people = [("周一", 51), ("周二", 52), ("周三", 53)]
    first, second, third = (walk.signs_up(url, name, factories.resident_id(n), f"137000020{n}") for name, n in people)
    first.sees("周一", "已报上")
    second.sees("周二", "已报上")
    third.sees("第 1 位")
    second.presses("不去了，取消报名")
    second.presses("取消报名")
    second.sees("已取消")
    third.opens(third.page.url)
    third.sees("周三", "已报上")


def _due_day(page: Page) -> date:
    shown = page.locator(".facts", has_text="下次复训").inner_text()
    found = re.search(r"下次复训\s+(\d+)年(\d+)月(\d+)日", shown)
    assert found is not None
    return date(*(int(part) for part in found.groups()))


def test_a_refresher_ninety_days_away_is_told_once(walk, city):
    ops = walk.staff("ops")
    ops.opens("/console/instructors/")
    ops.presses("陈建国")
    ops.sees("到期前 90 天起")
    walk.clock(clock.at_local(_due_day(ops.page) - timedelta(days=90), 10))
    for _ in range(2):
        city.tick("instructors.plan_reminders")
    later = walk.staff("ops")
    later.comes_back_until(ops.page.url, "提前 90 天")
    expect(later.page.locator("table", has_text="提醒记录").locator("tbody tr")).to_have_count(1)
