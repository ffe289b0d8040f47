"""Lists and sheets for the tests, and the work of a worker done at once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import context, jobs, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.lists import enrolling, making, reading, uploading
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload
from chengjiu_mp.lists.sheet import COLUMNS
from tests import factories
from tests.sheets import book

WORK = {uploading.READ: reading.read_leg, uploading.ENROL: enrolling.enrol_leg}
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛"


def a_list(*runs: int, unit: str = "chengjiang", **values: Any) -> int:
    """Return the id of a new list over these runs, or over one fresh run."""
    with factories.made():
        chosen = list(runs) or [factories.run().id]
        plan = making.Plan(factories.unit(unit).id, values.pop("title", "教师名单"), chosen, **values)
        with factories.acting(factories.account("operator")):
            return making.make_list(plan, operator()).id


def operator() -> Any:
    return context.Principal(account_id=1, grants=(context.Grant("operator"),))


def person(n: int, **changes: Any) -> dict[str, Any]:
    """Return the n-th invented teacher, the same one each time."""
    return {
        "姓名": SURNAMES[n % len(SURNAMES)] + "一二三四五六七八九十"[n // len(SURNAMES) % 10] + "明",
        "证件号码": factories.resident_id(n, birth=f"19{60 + n // 1000 % 30}0615"), "手机号": factories.phone(n),
        **changes,
    }  # fmt: skip


def sheet(people: Sequence[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> bytes:
    return book([list(columns), *([one.get(name, "") for name in columns] for one in people)])


def uploaded(list_id: int, content: bytes, account_id: int | None = None) -> int:
    """Upload a sheet and read it, as far as it goes."""
    with unit_of_work():
        row = uploading.receive(db.session.get_one(UnitList, list_id), content)
        row.uploaded_by = account_id
        upload_id = row.id
    work()
    return upload_id


def enrolled(list_id: int, content: bytes) -> UnitListUpload:
    """Upload, read, confirm and enrol."""
    upload_id = uploaded(list_id, content)
    confirmed(list_id, upload_id)
    work()
    return db.session.get_one(UnitListUpload, upload_id)


def confirmed(list_id: int, upload_id: int) -> None:
    with unit_of_work():
        upload = db.session.get_one(UnitListUpload, upload_id)
        uploading.confirm(db.session.get_one(UnitList, list_id), upload, agreed=True)


def work() -> None:
    """Do the jobs of lists that wait, as a worker does."""
    for _ in range(50):
        db.session.rollback()
        waiting = db.session.execute(
            select(Job.id, Job.kind).where(Job.state == "queued", Job.kind.in_(WORK)).order_by(Job.id)
        ).all()
        db.session.rollback()
        if not waiting:
            break
        for job_id, kind in waiting:
            jobs.run(job_id, WORK[kind])
    db.session.remove()


def lines(upload_id: int) -> list[UnitListLine]:
    query = select(UnitListLine).where(UnitListLine.upload_id == upload_id).order_by(UnitListLine.number)
    return list(db.session.scalars(query))


def cells(content: bytes) -> list[list[str]]:
    return spreadsheet.read(content).rows


def proof_list(capacity: int) -> int:
    """Return a list over one run of ``capacity`` seats, for the proofs."""
    with factories.made():
        run_id = factories.run(capacity=capacity, starts_in=timedelta(days=30)).id
    return a_list(run_id)


# What thirty of a hundred lines are spoilt by, one after the other.
SPOILT: tuple[dict[str, Any], ...] = (
    {"证件号码": "320281198506150010"}, {"证件号码": 320281198506150012}, {"证件号码": "3.20281E+17"}, {"证件号码": ""},
    {"手机号": "1390000000"}, {"手机号": "139****0000"}, {"姓名": "王5"}, {"姓名": "张_x0000_三"}, {"姓名": ""},
    {"证件号码": "=1+1"}, {"人群类别": "老师们"}, {"场次": "明天"}, {"证件类型": "工作证"}, {"出生日期": "五月一日"},
    {"证件号码": 45000}, {"姓名": "长" * 30_000}, {"手机号": "=2+2"}, {"证件号码": "same"}, {"证件号码": "3202811985061500100"},
    {"姓名": "张三、李四"},
)  # fmt: skip


def faulty_sheet(rows: int) -> bytes:
    """Return a sheet of which three lines in ten are spoilt, and some good ones are written oddly."""
    people = []
    for n in range(rows):
        one: dict[str, Any] = person(n)
        if n % 10 in (3, 6, 9):
            one |= SPOILT[n // 3 % len(SPOILT)]
            one["证件号码"] = person(0)["证件号码"] if one["证件号码"] == "same" else one["证件号码"]
        elif n % 10 == 1:
            one["手机号"] = one["手机号"].translate({ord("0") + d: ord("０") + d for d in range(10)})
        elif n % 10 == 2:
            one["证件号码"] = f" {one['证件号码'][:6]} {one['证件号码'][6:14]} {one['证件号码'][14:].lower()}"
        people.append(one)
    return sheet(people)
