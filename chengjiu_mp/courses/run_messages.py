"""What people are told when something happens to the run that they have a place in, or wait for."""

from datetime import timedelta

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.courses.change_models import RunChange
from chengjiu_mp.courses.messages import what_of, write
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_url
from chengjiu_mp.courses.signup_queries import ticket_url


def tell_run_cancelled(signup: Signup, run: CourseRun) -> None:
    """Say that nobody needs to come, why, and where other dates are."""
    why = f"（原因：{run.cancel_reason}）" if run.cancel_reason else ""
    text = (
        f"很抱歉，{day_time(run.starts_at)}的“{run.title}”停课了{why}，请不用前往。点开可以换一场：{ticket_url(signup)}"
    )
    write(signup, run, "signup.run_cancelled", text)


def tell_rescheduled(signup: Signup, run: CourseRun, change: RunChange) -> None:
    """Say the new time and ask for 同意 / 换场 / 退出; the place is kept whatever is answered, or nothing."""
    text = (
        f"改期通知：“{run.title}”原定{day_time(change.was_starts_at)}，改到{what_of(run)}原因：{change.reason}。"
        f"{_kept(signup)}，请点开选“同意”“换一场”或“退出”：{ticket_url(signup)}"
    )
    write(signup, run, "signup.rescheduled", text, part=f":{change.id}")


def tell_merged(signup: Signup, run: CourseRun, change: RunChange) -> None:
    """Say that two runs became one, with the new ticket, and ask as for a new date."""
    text = (
        f"拼班通知：原定{day_time(change.was_starts_at)}的培训，合并到{what_of(run)}原因：{change.reason}。"
        f"{_taken_along(signup)}，也可以选“换一场”或“退出”：{ticket_url(signup)}"
    )
    write(signup, run, "signup.merged", text)


def _kept(signup: Signup) -> str:
    """Return what of a place stays at a new date: who waits, or whose guardian is asked, has no seat to keep."""
    words = {"waitlisted": "您还在候补，次序不变，有空位会通知您", "pending": "您的报名保留，还在等监护人同意"}
    return words.get(signup.state, "您的名额保留")


def _taken_along(signup: Signup) -> str:
    """Return what of a place is in the run that another was merged into."""
    words = {
        "waitlisted": "那一场也满了，您还在候补，次序不变，有空位会通知您。看排到哪里",
        "pending": "您的报名已转过去，还在等监护人同意。看报名",
    }
    return words.get(signup.state, "名额已为您转好，新的入场码")


def tell_merged_there(signup: Signup, run: CourseRun, change: RunChange) -> None:
    """Say to who had signed up to both runs that the first one is no more: nobody is to stand there in vain."""
    text = (
        f"拼班通知：原定{day_time(change.was_starts_at)}的培训，合并到{what_of(run)}原因：{change.reason}。"
        "合并到的这一场您已经报过名，不用再办；原定的那一次，请不用前往。"
    )
    write(signup, run, "signup.merged", text, expires_at=change.was_starts_at)


def tell_ended(signup: Signup, run: CourseRun, was: str) -> None:
    """Say to who had no seat when the run was closed that it is over, and where other dates are; a day later nobody is
    called for it any more.

    :param was: the state until now
    """
    why = "没有等到监护人同意，报名" if was == "pending" else "没有等到空位，候补"
    text = (
        f"“{run.title}”（{day_time(run.starts_at)}）{why}到此结束，没有占名额，不用再等。"
        f"想换个日子来，点开看其他场次：{run_url(run)}"
    )
    write(signup, run, "signup.not_reached", text, expires_at=clock.now() + timedelta(days=1))
