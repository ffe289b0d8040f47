"""A hall with a screen on its wall, and phones that scan it, for tests."""

from datetime import timedelta

from sqlalchemy import func, select

from chengjiu_mp.checkin import wall_checkin, wall_displays
from chengjiu_mp.checkin.wall_displays import Shown
from chengjiu_mp.checkin.wall_judging import claim_for, judge_code
from chengjiu_mp.checkin.wall_models import WallDisplay
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories


def principal_of(account_id: int) -> context.Principal:
    row = db.session.get_one(Account, account_id)
    return context.Principal(account_id=row.id, name=row.name, grants=sessions.grants_of(row.id))


class WallHall:
    """A run whose meeting begins in ten minutes, its instructor, and one open display."""

    def __init__(self, kind: str = "cpr_aed", **values) -> None:
        with factories.made():
            teacher = factories.instructor("陈建国")
            values = {"starts_in": timedelta(minutes=10), **values}
            self.run_id = factories.run(kind, instructors=[teacher], **values).id
            self.account_id = teacher.account_id or 0
        self.display_id = self.open()

    @property
    def run(self) -> CourseRun:
        return db.session.get_one(CourseRun, self.run_id)

    @property
    def meeting(self) -> Meeting:
        return db.session.scalars(select(Meeting).where(Meeting.run_id == self.run_id, Meeting.sequence == 1)).one()

    @property
    def display(self) -> WallDisplay:
        return db.session.get_one(WallDisplay, self.display_id, populate_existing=True)

    @property
    def teacher(self) -> context.Principal:
        return principal_of(self.account_id)

    def open(self, by: int | None = None, **options) -> int:
        with unit_of_work():
            return wall_displays.open_display(self.run_id, None, principal_of(by or self.account_id), **options).id

    def end(self) -> None:
        with unit_of_work():
            wall_displays.end_display(self.run_id, self.display_id, self.teacher)

    def phone(self) -> context.Principal:
        """Return a trainee's phone: a device's session, without an account."""
        with factories.made():
            return context.Principal(device_id=sessions.open_session("device")[1].id)

    def seat(self, phone: context.Principal, name: str = "张三", **values) -> int:
        with factories.made():
            return factories.signup(self.run, name, device_id=phone.device_id, **values).id

    def shown(self, display_id: int | None = None) -> Shown:
        return wall_displays.shown_now(self.run_id, display_id or self.display_id, self.teacher)

    def code(self, display_id: int | None = None) -> str:
        return self.shown(display_id).url.rpartition("/")[2]

    def claim(self, phone: context.Principal, code: str | None = None) -> str:
        """Scan, and return what the phone's form holds; a refusal is raised."""
        judged = judge_code(code or self.code())
        if judged.refusal:
            raise judged.refusal
        return claim_for(judged, phone)

    def tap(self, claim: str, ids: list[int], phone: context.Principal) -> list[wall_checkin.Answer]:
        with unit_of_work():
            return wall_checkin.check_in(claim, ids, phone)

    def come(self, phone: context.Principal, *ids: int) -> list[wall_checkin.Answer]:
        return self.tap(self.claim(phone), list(ids), phone)


def count(model: type, *where) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def signup(signup_id: int) -> Signup:
    return db.session.get_one(Signup, signup_id, populate_existing=True)


def at_half_minute() -> None:
    """Say where the clock must stand for steps of 15 and 30 seconds to begin at once."""
    assert clock.now().timestamp() % 30 == 0
