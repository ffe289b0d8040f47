"""The ground that outside checks stand on (`--profile blackbox`): two units, every role, runs in every phase."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chengjiu_mp import reference
from chengjiu_mp.certificates import states, versions
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.demo.city import teacher
from chengjiu_mp.demo.people import Extra, extra, extras
from chengjiu_mp.demo.stage import Plot, Stage
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from chengjiu_mp.signin.service import account_of_phone, add_account, grant_role
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.plan_2022 import install_sample
from chengjiu_mp.venues.models import Venue

PASSWORD = "chengjiu-blackbox"  # noqa: S105  an open door to invented data; production refuses the seeds
UNITS = {"A": "chengjiang", "B": "nanzha"}
CITY_ROLES = ("operator", "approver", "auditor", "system")


def lay(base_url: str, note: Path) -> str:
    """Seed once and return the accounts as JSON (creds.json); a second call finds the same ids and opens new tokens."""
    if not note.exists():
        with unit_of_work():
            found = _build()
        note.write_text(json.dumps(found), encoding="utf-8")
    content = json.loads(note.read_text(encoding="utf-8"))
    with unit_of_work():
        for actor in content["actors"]:
            account = db.session.get_one(Account, actor["account_id"])
            actor["token"] = sessions.open_session("bearer", account.id)[0]
    return json.dumps({"base_url": base_url, **content}, ensure_ascii=False, indent=1)


def _build() -> dict[str, Any]:
    reference.install()
    install_sample(clock.today().year)
    units = {row.code: row for row in db.session.scalars(select(Unit))}
    staff = {role: _staff(f"bb-{role}", role, None) for role in CITY_ROLES}
    stage = Stage(staff["operator"], staff["approver"])
    actors = [_actor(role, None, account, username=f"bb-{role}") for role, account in staff.items()]
    corners = {}
    for number, (letter, code) in enumerate(UNITS.items(), 1):
        corner = corners[letter] = _Corner(letter, units[code], number, stage, units)
        actors += corner.actors()
    first = corners["A"]
    return {
        "units": {letter: {"id": units[code].id, "name": units[code].name} for letter, code in UNITS.items()},
        "actors": actors,
        "public": {"run_id": first.open.id, "run_token": _token(first.open), "verify": first.verify()},
    }


def _staff(username: str, role: str, unit: Unit | None) -> Account:
    account = add_account(username, username=username, password=PASSWORD)
    grant_role(account, role, unit_id=unit.id if unit else None)
    return account


def _actor(role: str, unit: str | None, account: Account, **more: Any) -> dict[str, Any]:
    owns = {"runs": [], "signups": [], "certificates": [], **more.pop("owns", {})}
    if "username" in more:
        more["password"] = PASSWORD
    return {"role": role, "unit": unit, "account_id": account.id, **more, "owns": owns}


def _token(run: CourseRun) -> str:
    return privacy.unseal(run.token_sealed, place=CourseRun.PLACE, row=run.uid)


@dataclass(frozen=True)
class _Phases:
    today: CourseRun
    ended: CourseRun
    waiting: CourseRun
    talk: CourseRun


class _Corner:
    """One unit with its people and runs."""

    def __init__(self, letter: str, unit: Unit, number: int, stage: Stage, units: dict[str, Unit]) -> None:
        self.letter, self.unit, self.stage, self.base = letter, unit, stage, 5000 * number
        self.manager = _staff(f"bb-manager-{letter.lower()}", "unit_manager", unit)
        self.phone = f"1370000000{number}"
        self.teacher: Instructor = teacher(self.phone, f"教员{letter}", unit.code, "二级", 3, 8, units)
        self.trainee = Extra(f"学员{letter}", extra(self.base, "").document, f"1370000001{number}")
        self.venue = Venue(unit_id=unit.id, name=f"{unit.name}培训室", address="江阴市测试路 1 号")
        db.session.add(self.venue)
        db.session.flush()
        self.open = self._announce("报名中", timedelta(days=9), capacity=40)
        self.certificates = self._certified()
        self.phases = self._phases()

    def _plot(self, title: str, after: timedelta, **more: Any) -> Plot:
        begins: datetime = clock.now().replace(minute=0, second=0, microsecond=0) + after
        kind = more.pop("kind", "cpr_aed")
        return Plot(kind, f"{title}（{self.letter}）", self.unit.id, self.venue.id, begins, (self.teacher,), **more)

    def _announce(self, title: str, after: timedelta, **more: Any) -> CourseRun:
        return self.stage.announce(self._plot(title, after, **more))

    def _people(self, offset: int, count: int) -> list[Extra]:
        return list(islice(extras(self.base + offset), count))

    def _certified(self) -> list[Certificate]:
        """A run with its certificates: the trainee's first, one revoked, one corrected; and one long expired."""
        people = [self.trainee, *self._people(10, 7)]
        issued = self.stage.hold(self._plot("已发证", timedelta(days=-30)), people, absent=1)
        states.revoke(issued[-1], "外部检查用")
        states.correct_name(issued[-2], "更正名", "外部检查用")
        months = add_months(clock.today(), -40) - clock.today()
        old = self.stage.hold(self._plot("早年", months), self._people(30, 2))
        return [*issued, *old]

    def _phases(self) -> _Phases:
        stage, room = self.stage, {"capacity": 40}
        today = self._announce("今日", timedelta(hours=0), hours=8, **room)
        stage.enrol(today, [self.trainee, *self._people(100, 11)])
        ended = self._announce("待录成绩", timedelta(days=-2), **room)
        stage.check_in(ended, stage.enrol(ended, self._people(200, 8)), self.teacher)
        waiting = self._announce("待复核", timedelta(days=-3), **room)
        people = stage.enrol(waiting, self._people(300, 6))
        stage.check_in(waiting, people, self.teacher)
        stage.examine(waiting, people, self.teacher, failing=1)
        stage.submit(waiting, self.teacher)
        talk = self._announce("普及讲座", timedelta(hours=-3), kind="popular", hours=2, capacity=300)
        return _Phases(today, ended, waiting, talk)

    def actors(self) -> list[dict[str, Any]]:
        runs = [
            self.open.id,
            *(r.id for r in (self.phases.today, self.phases.ended, self.phases.waiting, self.phases.talk)),
        ]
        signups = self._signups_of(privacy.phone_index(self.trainee.phone))
        certificates = [one.id for one in self.certificates]
        mine = [one.id for one in self.certificates if one.signup_id in {s.id for s in signups}]
        account = account_of_phone(privacy.phone_index(self.trainee.phone))
        # A phone alone opens no certificate; an account whose name fits the one printed does.
        account.name = self.trainee.name
        teaching = db.session.get_one(Account, self.teacher.account_id)
        everything = {"runs": runs, "certificates": certificates}
        return [
            _actor("unit_manager", self.letter, self.manager, username=self.manager.username, owns=everything),
            _actor("instructor", self.letter, teaching, phone=self.phone, owns={"runs": runs}),
            _actor("trainee", self.letter, account, phone=self.trainee.phone,
                   owns={"signups": [s.id for s in signups], "certificates": mine}),
        ]  # fmt: skip

    def _signups_of(self, phone_index: bytes) -> Sequence[Signup]:
        return db.session.scalars(select(Signup).where(Signup.phone_index == phone_index).order_by(Signup.id)).all()

    def verify(self) -> dict[str, str]:
        """Return a certificate token in each of the public's four states."""
        *_, corrected, revoked, expired, _other = self.certificates
        first = db.session.scalars(
            select(CertificateVersion).where(
                CertificateVersion.certificate_id == corrected.id, CertificateVersion.version == 1
            )
        ).one()
        newest = {"valid": self.certificates[0], "expired": expired, "revoked": revoked}
        tokens = {state: versions.token_of(versions.newest_version(one.id)) for state, one in newest.items()}
        return {**tokens, "corrected": versions.token_of(first)}
