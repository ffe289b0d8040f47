"""A list's people and uploads in the words of its page: masked, with one state each."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from chengjiu_mp.core import privacy
from chengjiu_mp.courses.locking import roster_locked, roster_locks_at
from chengjiu_mp.courses.models import LIVE, CourseRun
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.courses.signup_queries import phone_of
from chengjiu_mp.lists import queries, upload_queries
from chengjiu_mp.lists.models import UnitList, UnitListUpload
from chengjiu_mp.lists.sheet import run_label
from chengjiu_mp.lists.uploading import stopped
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web.templating import day_time, keep_dates

_STATES = {
    "confirmed": ("已报上", "ok"), "offered": ("名额留着，等本人确认", "warn"), "pending": ("待监护人同意", "warn"),
    "waitlisted": ("候补", "warn"), "withdrawn": ("本人已取消", "bad"), "lapsed": ("没等到确认", "bad"),
    "refused": ("没有通过", "bad"), "run_cancelled": ("停课", "bad"), "moved": ("已换场", "plain"),
}  # fmt: skip
_UPLOADS = {
    "queued": ("正在读表", ""), "read": ("等您确认", "warn"), "enrolling": ("正在报名", ""), "done": ("已完成", "ok"),
    "refused": ("没有读成", "bad"),
}  # fmt: skip


def run_choice(found: RunAndSeats) -> str:
    """Return a run as something to choose: its day and title, what is free, and when its list of names is final."""
    run, left = found.run, found.seats_left
    seats = f"余 {left} 席" if left else f"已满，{found.pool.waiting} 人在等" if found.pool.waiting else "已满，可候补"
    lock = "名单已锁定" if roster_locked(run) else f"{day_time(roster_locks_at(run))}锁定名单"
    return f"{run_words(run)}（{seats}，{lock}）"


def run_words(run: CourseRun) -> str:
    """Return a run's day and title."""
    return run_label(run).partition("｜")[2]


def state_of(one: queries.OnList) -> tuple[str, str]:
    """Return where a person of a list stands, and its tone."""
    if one.signup is None:
        return "待本人填写", "warn"
    word, tone = _STATES[one.signup.state]
    return (f"候补第 {one.rank} 位", tone) if one.rank else (word, tone)


def person_line(one: queries.OnList, runs: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Return what ``parts.people`` shows.

    :param runs: {run id: its words}, of a list over several runs: whose place is where
    """
    word, tone = state_of(one)
    confirmed = ("已确认", "ok") if one.row.confirmed_at else ("未确认", "plain")
    facts = []
    if one.signup is not None and one.person is not None:
        number = privacy.unseal(one.person.doc_sealed, place=Person.PLACE, row=one.person.uid)
        facts = [f"证件 {mask_document(number)}", mask_phone(phone_of(one.signup))]
    place = (runs or {}).get(one.signup.run_id if one.signup else one.row.run_id, "")
    return {
        "id": one.row.id, "name": one.name, "facts": facts, "place": place, "state": word, "tone": tone,
        "confirmed": confirmed,
        "url": url_for("console_list_people.show", list_id=one.row.list_id, row_id=one.row.id),
        "live": one.signup is not None and one.signup.state in LIVE,
    }  # fmt: skip


def upload_line(upload: UnitListUpload) -> list[Any]:
    """Return a table's row: when, how it stands, how many people, and what came of them."""
    word, tone = ("停下了", "bad") if stopped(upload) else _UPLOADS[upload.state]
    counts = upload_queries.counts_of(upload.id)
    at, done = upload.created_at, counts.get("added", 0) + counts.get("waiting", 0) + counts.get("named", 0)
    href = url_for("console_list_uploads.show", list_id=upload.list_id, upload_id=upload.id)
    return [
        {"text": keep_dates(day_time(at)), "href": href}, {"text": word, "tone": tone},
        upload.total, done, counts.get("changed", 0), counts.get("rejected", 0),
    ]  # fmt: skip


def reminder(of: UnitList, runs: Sequence[RunAndSeats], url: str) -> str:
    """Return a text to paste into the unit's own group; empty while the link is closed."""
    if not url:
        return ""
    locks = [roster_locks_at(one.run) for one in runs]
    until = f"请在{day_time(min(locks))}前" if locks else "请尽快"
    return (
        f"【应急救护培训】{of.title}：各位老师，{until}点开下面的链接，输入姓名和证件或手机号的后四位，"
        f"核对自己的报名，领取入场码：{url} （链接只发本单位，请勿外传）"
    )
