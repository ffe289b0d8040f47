"""What people are told about their place. No name, no document: the phone it goes to may have been typed wrong."""

from datetime import datetime

from chengjiu_mp.core.day_words import day_time, day_time_range
from chengjiu_mp.courses.models import CourseRun, RunChange, Signup
from chengjiu_mp.courses.queries import run_url
from chengjiu_mp.courses.signup_queries import phone_of, ticket_url
from chengjiu_mp.outbox.service import tell

REMINDER = "signup.reminder"


def tell_confirmed(signup: Signup, run: CourseRun) -> None:
    """Say when, where and what to bring. ``run`` has its venue and syllabus loaded."""
    _tell(
        signup,
        run,
        "signup.confirmed",
        f"报名成功：{_what(run)}{run.syllabus.bring}{_once_more(signup)}入场码：{ticket_url(signup)}",
    )


def tell_waiting(signup: Signup, run: CourseRun, rank: int) -> None:
    """Say where in the line, and that nothing more is to be done."""
    text = f"名额已满，您排在候补第 {rank} 位：{_what(run)}有空位会按顺序通知您。看排到哪里：{ticket_url(signup)}"
    _tell(signup, run, "signup.waiting", text)


def tell_promoted(signup: Signup, run: CourseRun) -> None:
    """Say that the wait is over and how to give the seat back."""
    text = (
        f"有空位了，您的报名已确认：{_what(run)}{run.syllabus.bring}{_once_more(signup)}"
        f"入场码：{ticket_url(signup)}。来不了请在这里取消。"
    )
    _tell(signup, run, "signup.promoted", text)


def tell_offered(signup: Signup, run: CourseRun, until: datetime) -> None:
    """Ask whether the seat is still wanted. The clock starts when this arrives, so ``until`` is the earliest end."""
    text = (
        f"有空位了，名额给您留着：{_what(run)}请在{day_time(until)}前点开确认，过时让给下一位："
        f"{ticket_url(signup)}不想来了也请在这里说一声。"
    )
    _tell(signup, run, "signup.offered", text)


def tell_offer_lapsed(signup: Signup, run: CourseRun) -> None:
    """Say that the held seat went on, and that coming back is possible."""
    text = f"“{run.title}”（{day_time(run.starts_at)}）给您留的名额没有等到确认，已让给下一位。还想来，可以重新报名。"
    _tell(signup, run, "signup.offer_lapsed", text)


def tell_moved(signup: Signup, run: CourseRun) -> None:
    """Say where to go now; the old ticket opens nothing any more."""
    what = f"{_what(run)}{run.syllabus.bring}{_once_more(signup)}"
    text = f"已为您换到：{what}新的入场码：{ticket_url(signup)}原来的入场码作废。"
    _tell(signup, run, "signup.moved", text)


def tell_withdrawn(signup: Signup, run: CourseRun) -> None:
    """Say it is cancelled, so that nobody's place ends unnoticed."""
    text = f"您的报名已取消：{run.title}，{day_time(run.starts_at)}。如不是您本人操作，请致电举办单位。"
    _tell(signup, run, "signup.withdrawn", text)


def tell_run_cancelled(signup: Signup, run: CourseRun) -> None:
    """Say that nobody needs to come, why, and where other dates are."""
    why = f"（原因：{run.cancel_reason}）" if run.cancel_reason else ""
    text = (
        f"很抱歉，{day_time(run.starts_at)}的“{run.title}”停课了{why}，请不用前往。点开可以换一场：{ticket_url(signup)}"
    )
    _tell(signup, run, "signup.run_cancelled", text)


def tell_rescheduled(signup: Signup, run: CourseRun, change: RunChange) -> None:
    """Say the new time and ask for 同意 / 换场 / 退出; the place is kept whatever is answered, or nothing."""
    text = (
        f"改期通知：“{run.title}”原定{day_time(change.was_starts_at)}，改到{_what(run)}原因：{change.reason}。"
        f"您的名额保留，请点开选“同意”“换一场”或“退出”：{ticket_url(signup)}"
    )
    _tell(signup, run, "signup.rescheduled", text, part=f":{change.id}")


def tell_merged(signup: Signup, run: CourseRun, change: RunChange) -> None:
    """Say that two runs became one, with the new ticket, and ask as for a new date."""
    text = (
        f"拼班通知：原定{day_time(change.was_starts_at)}的培训，合并到{_what(run)}原因：{change.reason}。"
        f"名额已为您转好，新的入场码，也可以选“换一场”或“退出”：{ticket_url(signup)}"
    )
    _tell(signup, run, "signup.merged", text)


def tell_reminder(signup: Signup, run: CourseRun) -> None:
    """Remind of a training that is near: when, where, what to bring, and the way to say that one cannot come."""
    ticket = ticket_url(signup)
    text = (
        f"提醒您：{_what(run)}{run.syllabus.bring}{_once_more(signup)}"
        f"到场出示入场码：{ticket} 来不了请点这里说一声：{ticket}/excuse"
    )
    _tell(signup, run, REMINDER, text, part=f":{int(run.starts_at.timestamp())}", expires_at=run.starts_at)


def tell_seat_released(signup: Signup, run: CourseRun) -> None:
    """Say that the seat nobody confirmed went on, and that coming back is possible."""
    text = (
        f"“{run.title}”（{day_time(run.starts_at)}）的名额没有等到您点“我会来”，已让给候补的人。"
        f"还想来，可以重新报名；有空位就能来：{run_url(run)}"
    )
    _tell(signup, run, "signup.seat_released", text)


def asking_keys(signup: Signup) -> list[str]:
    """Return the keys of the messages in which this sign-up's holder was asked to confirm once more."""
    told = [key(kind, signup) for kind in ("signup.confirmed", "signup.promoted", "signup.moved")]
    when = signup.reminded_for
    return [*told, *([f"{key(REMINDER, signup)}:{int(when.timestamp())}"] if when else [])]


def key(kind: str, signup: Signup) -> str:
    """Return what makes a message of this kind to this sign-up one."""
    return f"{kind}:{signup.id}"


def _what(run: CourseRun) -> str:
    when = day_time_range(run.starts_at, run.ends_at)
    return f"{run.title}，{when}，{run.venue.name}（{run.venue.address}）。"


def _once_more(signup: Signup) -> str:
    if signup.confirm_by is None or signup.reconfirmed_at is not None:
        return ""
    return f"请在{day_time(signup.confirm_by)}前打开入场码点“我会来”，名额就给您留着；不点会让给候补的人。"


def _tell(
    signup: Signup, run: CourseRun, kind: str, body: str, part: str = "", expires_at: datetime | None = None
) -> None:
    number = phone_of(signup)
    tell(
        kind,
        dedupe_key=key(kind, signup) + part,
        body=f"【澄救】{body}",
        # Numbers abroad are kept as contacts; no short message reaches them.
        phone=None if number.startswith("+") else number,
        about=signup,
        unit_id=run.unit_id,
        expires_at=expires_at or run.ends_at,
    )
