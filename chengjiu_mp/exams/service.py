"""Entering results: one grid, a version per row, nothing lost and nothing overwritten unseen (rel-E1, E2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from chengjiu_mp.checkin.attended import attended_of, percent
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import StaleVersion
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams.attempts import came_from_elsewhere, newest_results
from chengjiu_mp.exams.errors import NotEnoughAttended, NotPresent, ResultsConfirmed, ResultsSubmitted
from chengjiu_mp.exams.examiners import examiner_for
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.exams.queries import exempt_items, items_of_run, submission_of
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.scheme import Item, figure, outcome_of
from chengjiu_mp.exams.steps import counted, ticks_to_keep
from chengjiu_mp.instructors.models import Instructor

WRITERS = ("instructor", "operator")


def save_results(run_id: int, rows: Sequence[ResultIn], by: Principal, *, examined_by: int | None = None) -> CourseRun:
    """Write the rows, all or none; each takes the version it was read with one up.

    :param examined_by: the instructor who examined, when an operator enters from paper; without it a row keeps its
        examiner, and a new one takes the caller or the run's first valid instructor
    :raise ExaminerNotValid, ExaminerNotYou, ExaminerNotOfRun: see :func:`examiner_for`
    :raise NotFound: the run is out of the caller's reach; :raise NoExam: there is nothing to examine
    :raise Invalid: unknown items, points outside 0 … max, the same person twice
    :raise NotPresent: somebody was not checked in; :raise NotEnoughAttended: they would pass, and were there too little
    :raise StaleVersion: somebody else wrote first
    :raise ResultsSubmitted: they are being confirmed; :raise ResultsConfirmed: certificates are out
    """
    run = run_for(by, run_id, roles=WRITERS)
    items = items_of_run(run)
    rows = counted(run, items, rows)
    _check(items, rows)
    examiner = examiner_for(run, by, examined_by)
    # Only an operator's correction of a figure leaves the examiner who was named before.
    keeps = examined_by is None and (examiner is None or examiner.account_id != by.account_id)
    number = hold_open(run.id)
    present = _present(run.id, [row.signup_id for row in rows])
    for place, row in enumerate(rows):
        if row.signup_id not in present:
            raise NotPresent(field=f"rows.{place}.signup_id", signup_id=row.signup_id)
    before = newest_results([row.signup_id for row in rows])
    _refuse_settled(rows, before, number)
    points, exempt = _taken(rows, before), exempt_items([row.signup_id for row in rows])
    passing = [one for one, taken in points.items() if outcome_of(items, taken, exempt.get(one, ())) == "passed"]
    refuse_absent(run, passing, {row.signup_id: n for n, row in enumerate(rows)})
    writer = _Writer(run, items, number, by, examiner, keeps, exempt)
    # One order for everybody, so that two savers of one grid wait for each other instead of for a deadlock's end.
    written = {
        row.signup_id: _write(writer, row, points[row.signup_id], before.get(row.signup_id))
        for row in sorted(rows, key=lambda one: one.signup_id)
    }
    _refuse_stale([signup_id for signup_id, done in written.items() if not done])
    return run


def refuse_absent(run: CourseRun, passing: Sequence[int], places: Mapping[int, int] | None = None) -> None:
    """Let go on when everybody who would pass attended enough of the run.

    Who re-sits the examination of an earlier run attended that one.

    :param places: the row of each in what was sent
    :raise NotEnoughAttended: otherwise
    """
    found, elsewhere = attended_of(run, passing), came_from_elsewhere(passing)
    short = [one for one in passing if not found[one].enough and one not in elsewhere]
    if not short:
        return
    first = found[short[0]]
    said = (
        f"{'有 ' + str(len(short)) + ' 位学员' if len(short) > 1 else '这位学员'}的出勤不够（{first.words}，"
        f"要求 {percent(first.required)}%），不能登记为合格。确实在场的，请运营人员先更正出勤，写明原因。"
    )
    field = f"rows.{places[short[0]]}.signup_id" if places else None
    facts = {"signup_id": short[0], "share": round(first.share, 4), "required": first.required}
    raise NotEnoughAttended(said, field=field, signup_ids=short, **facts)


def _taken(rows: Sequence[ResultIn], before: Mapping[int, ExamResult]) -> dict[int, dict[str, float]]:
    """Return {sign-up: points}, what a re-sit carried over put in; it is not taken again.

    A checklist on which nobody ticked anything of an item leaves points alone that never came from ticks: those typed
    in the grid, corrected, or carried over.
    """
    found, errors = {}, []
    for place, row in enumerate(rows):
        last = before.get(row.signup_id)
        kept = {code: last.items[code] for code in last.carried} if last is not None else {}
        points = {code: value for code, value in row.items.items() if value is not None}
        errors += [
            _error(f"/rows/{place}/items/{code}", "carried_item", "这一项上次已经合格，沿用上次的分数，不用再考。")
            for code in kept
            if code in points and points[code] != kept[code]
        ]
        found[row.signup_id] = _not_ticked(row, last) | points | kept
    if errors:
        raise Invalid(errors)
    return found


def _not_ticked(row: ResultIn, last: ExamResult | None) -> dict[str, float]:
    if last is None:
        return {}
    codes = [code for code, ticks in (row.steps or {}).items() if not ticks and not last.steps.get(code)]
    return {code: last.items[code] for code in codes if code in last.items}


def _refuse_settled(rows: Sequence[ResultIn], before: Mapping[int, ExamResult], number: int) -> None:
    """In a later round, only those are entered who re-sit in it."""
    for place, row in enumerate(rows):
        last = before.get(row.signup_id)
        if (last.round if last is not None else 1) != number:
            raise ResultsConfirmed(field=f"rows.{place}.signup_id", signup_id=row.signup_id)


def hold_open(run_id: int) -> int:
    """Hold the run's submission in this transaction while it is open: nobody submits in the middle of a save.

    :return: the number of the round that is open
    :raise ResultsSubmitted, ResultsConfirmed: when none is open
    """
    add_round(run_id, 1)
    held = update(Submission).where(Submission.run_id == run_id, Submission.state == "open").values(state="open")
    number: int | None = db.session.scalar(held.returning(Submission.round))
    if number is None:
        found = submission_of(run_id)
        raise ResultsConfirmed if found and found.state == "confirmed" else ResultsSubmitted
    return number


def hold_rounds(run_id: int) -> None:
    """Hold all rounds of a run in this transaction: no result is corrected while a number is issued for it."""
    db.session.execute(update(Submission).where(Submission.run_id == run_id).values(state=Submission.state))


def add_round(run_id: int, number: int) -> None:
    """Add a round of results where it is not there yet; the index judges who is first."""
    fresh = insert_into(Submission).values(run_id=run_id, round=number, state="open", returned_note="")
    db.session.execute(fresh.on_conflict_do_nothing(index_elements=["run_id", "round"]))


def _check(items: Sequence[Item], rows: Sequence[ResultIn]) -> None:
    errors, seen = [], set[int]()
    for place, row in enumerate(rows):
        if row.signup_id in seen:
            errors.append(_error(f"/rows/{place}/signup_id", "duplicate_row", "同一位学员出现了两次，请只留一行。"))
        seen.add(row.signup_id)
        errors += check_points(items, row.items, f"/rows/{place}/items")
    if errors:
        raise Invalid(errors)


def check_points(items: Sequence[Item], points: Mapping[str, float | None], at: str) -> list[dict[str, str]]:
    """Return what is wrong with points: unknown items, values outside 0 … max."""
    known = {item.code: item for item in items}
    return [
        _error(f"{at}/{code[:40]}", *wrong)
        for code, value in points.items()
        if (wrong := _wrong(known.get(code), value))
    ]


def _wrong(item: Item | None, points: float | None) -> tuple[str, str] | None:
    if item is None:
        return "unknown_item", "这一项不在本场的考核方案里，请刷新页面。"
    if points is not None and not 0 <= points <= item.maximum:
        return "points_out_of_range", f"{item.name}的分数在 0 到 {figure(item.maximum)} 之间。"
    return None


def _error(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": detail}


def _present(run_id: int, signup_ids: Sequence[int]) -> frozenset[int]:
    here = select(Signup.id).where(Signup.run_id == run_id, Signup.id.in_(signup_ids), Signup.outcome == "attended")
    return frozenset(db.session.scalars(here))


@dataclass(frozen=True)
class _Writer:
    """What the rows of one save share; ``keeps``: a result that has an examiner keeps that one."""

    run: CourseRun
    items: Sequence[Item]
    round: int
    by: Principal
    examiner: Instructor | None
    keeps: bool
    exempt: Mapping[int, frozenset[str]]

    def examined(self, before: ExamResult | None) -> dict[str, Any]:
        if self.examiner is None or (self.keeps and before is not None and before.examined_by is not None):
            return {}
        return {"examined_by": self.examiner.id, "examiner_name": self.examiner.name}


def _write(writer: _Writer, row: ResultIn, points: Mapping[str, float], before: ExamResult | None) -> bool:
    """Write one row if its version is still the current one; the statement itself judges, not what was read."""
    values = {
        "items": dict(points), "outcome": outcome_of(writer.items, points, writer.exempt.get(row.signup_id, ())),
        "version": row.version + 1,
        "entered_by": writer.by.account_id, "entered_at": clock.now(), "steps": ticks_to_keep(row, before),
        **writer.examined(before),
    }  # fmt: skip
    was = dict(before.items) if before is not None else {}
    if row.version == 0:
        keys = {"run_id": writer.run.id, "signup_id": row.signup_id, "attempt": 1, "round": writer.round}
        fresh = insert_into(ExamResult).values(**keys, **{"examiner_name": "", **values})
        fresh = fresh.on_conflict_do_nothing(index_elements=["signup_id", "attempt"])
        written = db.session.scalar(fresh.returning(ExamResult.id))
    else:
        attempt = before.attempt if before is not None else 1
        current = (
            ExamResult.signup_id == row.signup_id, ExamResult.attempt == attempt, ExamResult.version == row.version,
        )  # fmt: skip
        written = db.session.scalar(update(ExamResult).where(*current).values(**values).returning(ExamResult.id))
    if written is None:
        return False
    result = db.session.get_one(ExamResult, written, populate_existing=True)
    audit.record(
        "results.saved", result, unit_id=writer.run.unit_id,
        run_id=writer.run.id, version=result.version, outcome=result.outcome, was=was, now=dict(points),
        examined_by=result.examined_by, attempt=result.attempt,
    )  # fmt: skip
    return True


def _refuse_stale(signup_ids: Sequence[int]) -> None:
    if not signup_ids:
        return
    found = newest_results(signup_ids)
    current = [{"signup_id": one, "version": found[one].version if one in found else 0} for one in signup_ids]
    raise StaleVersion(field="rows", version=current[0]["version"], signup_id=current[0]["signup_id"], stale=current)
