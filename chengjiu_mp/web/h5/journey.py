"""How far a sign-up has come, in words: 报名 → 签到 → 考核 → 证书. Composed from what four slices know of it."""

import hashlib
from dataclasses import dataclass, field

from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.versions import newest_version, verify_path
from chengjiu_mp.certificates.waiting import WAITING_WORDS, waits_for_number
from chengjiu_mp.checkin.queries import first_check_in
from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import SEATED, Signup
from chengjiu_mp.courses.queue_facts import seats_freed_before
from chengjiu_mp.courses.signup_queries import queue_length, rank_of
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.queries import submission_for
from chengjiu_mp.exams.resit_offers import offer_of
from chengjiu_mp.exams.scheme import figure

CERTIFIED = ("报名", "签到", "考核", "证书")
POPULAR = ("报名", "签到", "完成")

_ENDED = {
    "withdrawn": ("已取消", "您已取消这次报名。想再来，可以重新报名。"),
    "lapsed": ("未排到", "这一场结束前没有空出名额，很抱歉。欢迎改报其他场次。"),
    "refused": ("未通过", "这次报名没有通过。如有疑问，请打电话问。"),
    "moved": ("已换场", "这次报名已换到另一场，请用新的入场码。"),
    "run_cancelled": ("停课", "这一场停课了，给您添麻烦了，请不用前往。可以换一场。"),
    "pending": ("待确认", "这次报名还在确认，确认后会通知您。"),
}
_WAITS_FOR_GUARDIAN = (
    "未满 14 周岁，要由监护人同意后才占名额。请监护人点开短信里的链接办理，48 小时内没有办好，这次报名会自动取消。"
)
_WAITS_FOR_CHILD = "同行的孩子还没有监护人同意，同意后大家一起占名额。48 小时内没有办好，这次报名会自动取消。"

_RELEASED = ("名额已让出", "没有等到您点“我会来”，名额已让给候补的人。还想来，可以重新报名。")
_ABSENT = ("未到场", "这一场已经结束，没有您的签到记录。如有出入，请打电话问。")
# Nothing has to be taken back: whoever comes after all checks in, and the check-in has the last word.
_AWAY = ("已请假", "又能来了？不用另外说，到了出示或报出这个码签到就行，请假自动作废。来不了，欢迎改报其他场次。")
_AWAY_AFTER = ("已请假", "这一场已经结束。您请过假，不算缺席，欢迎改报其他场次。")
_EXCUSED = ("已请假", "已记下您请了假，不算缺席。欢迎改报其他场次。")


@dataclass(frozen=True)
class Journey:
    """``step`` counts done steps; ``certificate`` is the path of its public page, empty before there is one."""

    step: int
    word: str
    tone: str
    text: str
    names: tuple[str, ...] = CERTIFIED
    certificate: str = ""
    usable: bool = True
    rank: int | None = None
    waiting: int = 0
    stamp: str = field(init=False, default="")

    def __post_init__(self) -> None:
        said = f"{self.step}|{self.word}|{self.text}|{self.certificate}|{self.rank}|{self.waiting}"
        object.__setattr__(self, "stamp", hashlib.sha256(said.encode()).hexdigest()[:16])


def journey_of(signup: Signup) -> Journey:
    """Return where the sign-up stands now; its run is loaded."""
    if signup.state == "waitlisted":
        rank, waiting = rank_of(signup), queue_length(signup.pool_id)
        text = f"您排在候补第 {rank} 位，共 {waiting} 人在等。有空位会按顺序补上，并发消息通知您。{_before(signup)}"
        return Journey(0, f"候补第 {rank} 位", "warn", text, usable=False, rank=rank, waiting=waiting)
    if signup.state == "offered":
        until = f"请在{day_time(signup.offer_ends_at)}前" if signup.offer_ends_at else "请尽快"
        return Journey(0, "有空位了", "warn", f"名额给您留着，{until}确认，过时让给下一位。", usable=False)
    if signup.state not in SEATED:
        return _without_a_place(signup)
    names = POPULAR if signup.run.exam_scheme_id is None else CERTIFIED
    return _before_check_in(signup, names) if signup.outcome != "attended" else _after_check_in(signup, names)


def _before_check_in(signup: Signup, names: tuple[str, ...]) -> Journey:
    if signup.outcome == "absent":
        word, text = _ABSENT if signup.excused_at is None else _EXCUSED
        return Journey(1, word, "plain", text, names, usable=False)
    if signup.excused_at is not None:
        ahead = clock.now() < signup.run.ends_at
        word, text = _AWAY if ahead else _AWAY_AFTER
        return Journey(1, word, "plain", text, names, usable=ahead)
    return Journey(1, "已报上", "ok", "到场出示这个码签到。存成图片，没有网也能用。", names)


def _before(signup: Signup) -> str:
    freed = seats_freed_before(signup.run)
    return f"近 {freed.runs} 期有人候补的场次，平均放出 {freed.people} 个名额。" if freed else ""


def _without_a_place(signup: Signup) -> Journey:
    word, text = _ENDED[signup.state]
    if signup.state == "pending" and (signup.needs_guardian or signup.party_id):
        text = _WAITS_FOR_GUARDIAN if signup.needs_guardian else _WAITS_FOR_CHILD
        return Journey(0, "待监护人同意", "warn", text, usable=False)
    if signup.state == "lapsed" and signup.confirm_by is not None:
        word, text = _RELEASED
    elif signup.state == "lapsed" and signup.offer_ends_at is not None:
        until = day_time(signup.offer_ends_at)
        word = "名额已让出"
        text = f"有空位时给您留过名额，到{until}没有等到您确认，已让给下一位。还想来，可以重新报名。"
    elif signup.state == "lapsed" and signup.needs_guardian:
        text = "没有在时限内等到监护人同意，或这一场一直没有空出名额，没有占名额。想再来，可以重新报名。"
    return Journey(0, word, "plain", text, usable=False)


def _after_check_in(signup: Signup, names: tuple[str, ...]) -> Journey:
    here = first_check_in(signup.id)
    arrived = f"{day_time(here.first_at)}签到。" if here else "已签到。"
    if names is POPULAR:
        done = signup.run.state == "closed"
        return Journey(3 if done else 2, "已完成" if done else "已签到", "ok", arrived, names)
    certificate = db.session.scalars(
        select(Certificate).where(Certificate.signup_id == signup.id).order_by(Certificate.id.desc()).limit(1)
    ).first()
    if certificate and certificate.is_test:
        return Journey(3, "测试证书", "warn", "这是一次测试，发出的证书没有效力。", names)
    if certificate:
        path = verify_path(newest_version(certificate.id))
        return Journey(4, "已发证", "ok", "恭喜您，考核合格，证书已经发出。", names, certificate=path)
    return _at_the_exam(signup, names, arrived)


def _at_the_exam(signup: Signup, names: tuple[str, ...], arrived: str) -> Journey:
    submission = submission_for(signup)
    if submission is not None and submission.state == "open" and submission.round > 1:
        return Journey(
            2, "待补考", "warn", "补考已经安排，请按老师约的时间来。考完由另一位复核人确认，结果在这里看。", names
        )
    if submission is None or submission.state == "open":
        return Journey(2, "已签到", "ok", f"{arrived}接下来是考核，请听老师安排。", names)
    if submission.state == "submitted":
        return Journey(2, "已交复核", "", "考核成绩已交复核，复核后在这里能看到结果。", names)
    result = db.session.scalars(
        select(ExamResult).where(ExamResult.signup_id == signup.id).order_by(ExamResult.attempt.desc()).limit(1)
    ).first()
    if result and result.outcome == "passed" and waits_for_number(signup.id):
        return Journey(3, "正在取号", "ok", WAITING_WORDS, names)
    if result and result.outcome == "passed":
        return Journey(3, "考核合格", "ok", "考核合格，证书正在准备。", names)
    return Journey(2, "未合格", "warn", _what_now(signup), names)


def _what_now(signup: Signup) -> str:
    offer = offer_of(signup.run, signup.id)
    if offer is None:
        return "这次没有参加考核。想取得证书，请打电话问补考的时间，或者再报一场。"
    failed = "、".join(
        f"{one.name} {figure(points)} 分（{figure(one.pass_mark)} 分合格）" for one, points in offer.failed
    )
    if not offer.left:
        return f"没有达到合格线：{failed}。补考次数已经用完，欢迎再报一场，重新参加培训和考核。"
    part = "只考没过的项目" if offer.only_failed else "各项都要再考"
    return (
        f"没有达到合格线：{failed}。您可以补考 {offer.left} 次，{part}：请打电话约时间，"
        "或者报下一场同样的课程，到场告诉老师您来补考。"
    )
