"""What the instructor is told about a scan: what happened, then what to do."""

from datetime import datetime

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import clock_time, day, day_time
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseRun

REMINDER = "checkin.reminder"

_SENTENCES = {
    "ok": "已签到。",
    "already": "{when} 已由{by}签到，不用再扫。",
    "withdrawn": "报名已取消，没有名额。本人要参加，请看本场是否还有空位，重新报名。",
    "waitlisted": "候补中，还没有名额。请有票的人先进，再联系工作人员安排。",
    "pending": "报名还没有办完，在等监护人同意。请联系监护人。",
    "lapsed": "这个报名已经失效。本人要参加，请看本场是否还有空位，重新报名。",
    "moved": "报名已转到另一场，请打开「我的票」看新的时间和地点。",
    "wrong_run": "不是本场的票。请核对票上的日期和地点。",
    "unknown_ticket": "没有找到这张票。请核对六位码，或在名单里按姓名找。",
    "not_a_ticket": "这不是票上的二维码。请对方打开「我的票」再扫。",
    "too_early": "还没到签到时间，{opens} 起可以签到。",
    "run_closed": "签到时间已过。确实到场的，请在名单里按纸质签到表补签。",
    "run_not_open": "本场未发布或已取消，不能签到。",
    "unknown_meeting": "本场的时间改过了，请刷新页面再扫。",
    "wall_old": "扫的是过期的墙上码，可能是截图或转发来的。请当面核对本人。",
    "wall_unknown": "扫的不是本场屏幕上的码。请当面核对本人。",
    "wall_ended": "扫的是已收起的屏幕上的码。请当面核对本人。",
    "wall_early": "还没到签到时间就扫了墙上的码。",
    "wall_over": "下课以后才扫墙上的码。请当面核对本人。",
    "wall_elsewhere": "签到页是从别的手机转来的。请当面核对本人。",
}
# One or two words for the banner's large line.
WORDS = {
    "ok": "签到成功", "already": "已签过到", "withdrawn": "已取消", "waitlisted": "候补中", "pending": "待监护人同意",
    "lapsed": "报名已失效", "moved": "已转场", "wrong_run": "不是本场的票", "unknown_ticket": "查不到这张票",
    "not_a_ticket": "不是票", "too_early": "还没开始签到", "run_closed": "签到已结束", "run_not_open": "本场未开放",
    "unknown_meeting": "时间已改",
    "wall_old": "墙上的码已过期", "wall_unknown": "不是墙上的码", "wall_ended": "墙上的码已收起",
    "wall_early": "还没开始签到", "wall_over": "下课后才扫", "wall_elsewhere": "别的手机转来的",
}  # fmt: skip
# How somebody was checked in.
SOURCES = {
    "camera": "扫码", "code": "输入六位码", "name": "点名", "paper": "纸质", "wall": "墙上的码",
    "later": "先签到后补录",
}  # fmt: skip
TONES = {"accepted": "ok", "already": "warn", "refused": "bad"}


def clock_words(instant: datetime) -> str:
    """Return 09:02 today, 11月28日（周六）09:02 on another day."""
    return clock_time(instant) if clock.day_of(instant) == clock.today() else day_time(instant)


def sentence(code: str, *, when: datetime | None = None, by: str | None = None, opens: datetime | None = None,
             other_day: datetime | None = None) -> str:  # fmt: skip
    """Return the sentence of a verdict's code.

    :param when, by: the check-in that exists; :param opens: from when the meeting's check-in is open
    :param other_day: begin of the run the ticket is for, when the caller may know it
    """
    if code == "wrong_run" and other_day:
        return f"不是本场的票，这张票是 {day_time(other_day)} 那一场的。"
    return _SENTENCES[code].format(
        when=clock_words(when) if when else "", by=by or "工作人员", opens=clock_words(opens) if opens else "稍后"
    )


def reminder(name: str, run: CourseRun, begins: datetime) -> str:
    """Return what an instructor is told ahead of a day of their run, which has its venue loaded. The link opens nothing
    by itself: it asks who is signed in.
    """
    ahead = clock.day_of(begins) > clock.today()
    when, now = ("明天", "请今晚在有网络的地方") if ahead else ("今天", "请在出发前、有网络的地方")
    return site().signed(
        f"{name}老师，{when}（{day(begins)}）{clock_time(begins)} 在{run.venue.name}有您的课“{run.title}”。"
        f"{now}打开扫码页，做一次“今天可以断网”检查，并给手机充好电：{site().link(f'/teach/runs/{run.id}/scan')} "
        f"来不了请马上致电 {site().help_phone}。"
    )
