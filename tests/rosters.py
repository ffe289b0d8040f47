"""Lists and sheets for the tests, and the work of a worker done at once."""

from collections.abc import Sequence
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


def person(n: int, **changes: str) -> dict[str, str]:
    """Return the n-th invented teacher, the same one each time."""
    return {
        "姓名": SURNAMES[n % len(SURNAMES)] + "一二三四五六七八九十"[n // len(SURNAMES) % 10] + "明",
        "证件号码": factories.resident_id(n, birth=f"19{60 + n // 900 % 30}0615"), "手机号": factories.phone(n),
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
