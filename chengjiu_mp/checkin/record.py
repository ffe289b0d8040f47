"""普及记录 (feat-E1, E2): when, where, who spoke, how many came, and what shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from chengjiu_mp.checkin.attendance import take_turn
from chengjiu_mp.checkin.errors import RecordIncomplete
from chengjiu_mp.checkin.evidence import evidence_of, popular_run
from chengjiu_mp.checkin.record_models import PopularRecord
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.publishing import close
from chengjiu_mp.courses.queries import instructors_of, meetings_of, run_with_seats

_MISSING = {
    "date": "还没有排定时间。请联系市红十字会，在场次里补上课次。",
    "place": "还没有地点。请联系市红十字会，在场次里补上地点。",
    "presenter": "请填主讲人。",
    "minutes": "请填实际讲了多少分钟。",
    "head_count": "请填实到人数。",
    "evidence": "还没有佐证。请先在上面上传至少一张现场照片或签到表。",
}


@dataclass(frozen=True)
class Record:
    """What is said of a run: ``presenter`` in words, ``minutes`` of it, heads, and why heads differ where they do."""

    presenter: str = ""
    minutes: int | None = None
    head_count: int | None = None
    note: str = ""


def record_of(run_id: int) -> PopularRecord | None:
    """Return what was submitted, None before that."""
    return db.session.get(PopularRecord, run_id, populate_existing=True)


def suggested(run: CourseRun) -> Record:
    """Return what the form begins with: what was submitted, else who teaches the run and how long its meetings are."""
    known = record_of(run.id)
    if known is not None:
        return Record(known.presenter, known.minutes, run.head_count)
    minutes = sum(int((one.ends_at - one.starts_at).total_seconds()) // 60 for one in meetings_of(run.id))
    return Record("、".join(one.name for one in instructors_of(run.id))[:100], minutes or None, run.head_count)


def submit_record(run_id: int, given: Record, by: Principal) -> PopularRecord:
    """Submit the record, and close the run unless it is closed; submitted again it is corrected.

    :raise RecordIncomplete: with each thing that is missing; :raise Refusal: as :func:`popular_run` and :func:`close`
    """
    run = popular_run(by, run_id)
    take_turn(run)
    heads = given.head_count if given.head_count is not None else run.head_count
    missing = _missing(run, given, heads)
    if missing:
        raise RecordIncomplete([{"pointer": f"/{n}", "code": "missing", "detail": _MISSING[n]} for n in missing])
    close(run, heads, given.note.strip())
    row = record_of(run.id)
    if row is None:
        row = PopularRecord(run_id=run.id, presenter="", minutes=1)
        db.session.add(row)
    row.presenter, row.minutes = given.presenter.strip(), given.minutes or 1
    row.submitted_at, row.account_id, row.by_name = clock.now(), by.account_id, by.name[:100]
    db.session.flush()
    shown = len(evidence_of(run.id))
    audit.record("record.submitted", run, unit_id=run.unit_id, head_count=heads, minutes=row.minutes, pictures=shown)
    return row


def _missing(run: CourseRun, given: Record, heads: int | None) -> Sequence[str]:
    there = {
        "date": bool(meetings_of(run.id)), "place": run.online or bool(run_with_seats(run.id).run.venue.name.strip()),
        "presenter": bool(given.presenter.strip()), "minutes": bool(given.minutes), "head_count": heads is not None,
        "evidence": bool(evidence_of(run.id)),
    }  # fmt: skip
    return [name for name, is_there in there.items() if not is_there]
