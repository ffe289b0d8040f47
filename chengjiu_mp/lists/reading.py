"""The dry run, by a worker: the file is read in a limited child, then judged line by line; nobody is signed up yet.

It goes in legs: each is short, continues where the last one ended, and has attempts of its own, so that neither a long
file nor a worker that is killed again and again uses them up.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import func, select

from chengjiu_mp.core import audit, clock, ids, privacy, spreadsheet
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.many_rows import insert_rows
from chengjiu_mp.courses.models import SeatPool
from chengjiu_mp.courses.reserving import reserve_for
from chengjiu_mp.lists import uploading
from chengjiu_mp.lists.deciding import Seen, decide, look
from chengjiu_mp.lists.errors import SameDocumentAbove
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload
from chengjiu_mp.lists.pacing import rest
from chengjiu_mp.lists.queries import terms_of
from chengjiu_mp.lists.sheet import Found, Line, find_lines
from chengjiu_mp.lists.understanding import Fault, Terms, Understood, document_key, fault_of, understand

LEG_SECONDS = 10.0
CHILD_SECONDS = 18.0
CHUNK = 100


class FileGone(spreadsheet.SheetRefused):
    code = "file_gone"
    message = "这份文件放得太久，已经删去。请重新上传。"


def read_leg(upload_id: int) -> Callable[[], None] | None:
    """Read and judge as many lines as fit into one leg; return what ends it, None when nothing is left to do."""
    upload = db.session.get(UnitListUpload, upload_id)
    if upload is None or upload.state != "queued":
        return None
    if (judged := _count(upload_id)) > upload.leg_from:
        # A worker was killed here after it got on: its successor begins a leg with attempts of its own.
        return lambda: uploading.next_leg(upload_id, uploading.READ, judged)
    try:
        content = uploading.content_of(upload)
        end_read()
        found = find_lines(spreadsheet.read(content, seconds=CHILD_SECONDS))
    except FileNotFoundError:
        return _refused(upload_id, FileGone())
    except Refusal as refusal:
        return _refused(upload_id, refusal)
    finished = _keep_head(upload_id, found)
    return _judged(upload_id, found, finished)


def _judged(upload_id: int, found: Found, finished: int) -> Callable[[], None]:
    until, first = time.monotonic() + LEG_SECONDS, _first_numbers(found.lines)
    for lines in _chunks(found.lines[finished:]):
        if time.monotonic() > until:
            return lambda: uploading.next_leg(upload_id, uploading.READ, finished)
        began = time.monotonic()
        _judge(upload_id, lines, first)
        finished += len(lines)
        rest(began)
    return lambda: _finish(upload_id)


def _chunks(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for begin in range(0, len(lines), CHUNK):
        yield lines[begin : begin + CHUNK]


def _keep_head(upload_id: int, found: Found) -> int:
    """Write what the file is about; return how many of its lines were judged before."""
    with unit_of_work():
        upload = db.session.get_one(UnitListUpload, upload_id)
        upload.total, upload.left_out = len(found.lines), json.dumps(found.left_out)
        head = json.dumps(found.head, ensure_ascii=False)
        upload.head_sealed = privacy.seal(head, place=UnitListUpload.PLACE_HEAD, row=upload.uid)
        return _count(upload_id)


def _count(upload_id: int) -> int:
    lines = select(func.count()).select_from(UnitListLine).where(UnitListLine.upload_id == upload_id)
    return db.session.scalar(lines) or 0


def _first_numbers(lines: Sequence[Line]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for line in lines:
        if key := document_key(line.values):
            found.setdefault(key, line.number)
    return found


def _judge(upload_id: int, lines: Sequence[Line], first: dict[bytes, int]) -> None:
    """Judge a chunk and write it, all or none of it."""
    upload = db.session.get_one(UnitListUpload, upload_id)
    of = db.session.get_one(UnitList, upload.list_id)
    terms = terms_of(of)
    read = [(line, _understood(line, terms, first)) for line in lines]
    seen, free = look(of, [one for _, one in read if isinstance(one, Understood)]), _free_seats(of, terms, upload_id)
    rows = [_row(upload_id, line, one, _plan(of, one, seen, free)) for line, one in read]
    with unit_of_work():
        insert_rows(UnitListLine, rows, unique=("upload_id", "number"))


def _understood(line: Line, terms: Terms, first: dict[bytes, int]) -> Understood | Fault:
    try:
        found = understand(line.values, terms, line.lossy)
    except Refusal as refusal:
        return fault_of(refusal)
    above = first.get(found.doc_index or b"", line.number)
    if above != line.number:
        sentence = f"和第 {above} 行是同一个证件号码，只算了前面那一行。"
        return fault_of(SameDocumentAbove(sentence, field="doc_number", row=above))
    return found


def _plan(of: UnitList, one: Understood | Fault, seen: Seen, free: Counter[int]) -> tuple[str, Fault | None]:
    if isinstance(one, Fault):
        return "fault", one
    try:
        decision = decide(of, one, seen)
    except Refusal as refusal:
        return "fault", fault_of(refusal)
    told = Fault("kept_as_proved", " ".join(decision.notes)) if decision.notes else None
    if decision.plan != "add":
        return decision.plan, told
    free[one.run.id] -= 1
    return "add" if free[one.run.id] >= 0 else "wait", told


def _free_seats(of: UnitList, terms: Terms, upload_id: int) -> Counter[int]:
    """Return the seats that are left in each run now, the unit's reserve among them, less what this upload plans."""
    planned = dict(
        db.session.execute(
            select(UnitListLine.run_id, func.count())
            .where(UnitListLine.upload_id == upload_id, UnitListLine.plan == "add")
            .group_by(UnitListLine.run_id)
        ).all()
    )
    free: Counter[int] = Counter()
    for run in terms.runs:
        reserve = reserve_for(run.id, of.unit_id)
        for pool in db.session.scalars(select(SeatPool).where(SeatPool.run_id == run.id)):
            if pool.id == reserve or (pool.unit_id is None and not pool.waiting):
                free[run.id] += pool.capacity - pool.taken
        free[run.id] -= planned.get(run.id, 0)
    return free


def _row(upload_id: int, line: Line, one: Understood | Fault, plan: tuple[str, Fault | None]) -> dict[str, object]:
    uid, (word, told) = ids.new_uid(), plan
    cells = privacy.seal(json.dumps(line.cells, ensure_ascii=False), place=UnitListLine.PLACE, row=uid)
    return {
        "uid": uid, "upload_id": upload_id, "number": line.number, "cells_sealed": cells, "plan": word,
        "code": told.code if told else "", "reason": told.reason if told else "",
        "field": told.column[:20] if told else "", "run_id": one.run.id if isinstance(one, Understood) else None,
    }  # fmt: skip


def _refused(upload_id: int, refusal: Refusal) -> Callable[[], None]:
    def effect() -> None:
        upload = db.session.get_one(UnitListUpload, upload_id)
        upload.state, upload.code, upload.reason = "refused", refusal.code, refusal.sentence[:300]
        upload.done_at = clock.now()
        uploading.forget_file(upload)
        audit.record("unit_list.refused", db.session.get_one(UnitList, upload.list_id), upload=upload.id,
                     code=refusal.code)  # fmt: skip

    return effect


def _finish(upload_id: int) -> None:
    upload = db.session.get_one(UnitListUpload, upload_id)
    upload.state = "read"
    uploading.forget_file(upload)
    db.session.flush()
