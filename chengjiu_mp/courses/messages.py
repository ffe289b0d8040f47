"""What people are told about their place. No name, no document: the phone it goes to may have been typed wrong."""

from chengjiu_mp.core.day_words import day_time, day_time_range
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.signup_queries import phone_of, ticket_url
from chengjiu_mp.outbox.service import tell


def tell_confirmed(signup: Signup, run: CourseRun) -> None:
    """Say when, where and what to bring. ``run`` has its venue and syllabus loaded."""
    _tell(signup, run, "signup.confirmed", f"报名成功：{_what(run)}{run.syllabus.bring}入场码：{ticket_url(signup)}")


def tell_waiting(signup: Signup, run: CourseRun, rank: int) -> None:
    """Say where in the line, and that nothing more is to be done."""
    text = f"名额已满，您排在候补第 {rank} 位：{_what(run)}有空位会按顺序通知您。看排到哪里：{ticket_url(signup)}"
    _tell(signup, run, "signup.waiting", text)


def tell_promoted(signup: Signup, run: CourseRun) -> None:
    """Say that the wait is over and how to give the seat back."""
    text = (
        f"有空位了，您的报名已确认：{_what(run)}{run.syllabus.bring}入场码：{ticket_url(signup)}。来不了请在这里取消。"
    )
    _tell(signup, run, "signup.promoted", text)


def tell_withdrawn(signup: Signup, run: CourseRun) -> None:
    """Say it is cancelled, so that nobody's place ends unnoticed."""
    text = f"您的报名已取消：{run.title}，{day_time(run.starts_at)}。如不是您本人操作，请致电举办单位。"
    _tell(signup, run, "signup.withdrawn", text)


def tell_run_cancelled(signup: Signup, run: CourseRun) -> None:
    """Say that nobody needs to come."""
    text = f"很抱歉，{day_time(run.starts_at)}的“{run.title}”取消了，请不用前往。欢迎改报其他场次。"
    _tell(signup, run, "signup.run_cancelled", text)


def _what(run: CourseRun) -> str:
    when = day_time_range(run.starts_at, run.ends_at)
    return f"{run.title}，{when}，{run.venue.name}（{run.venue.address}）。"


def _tell(signup: Signup, run: CourseRun, kind: str, body: str) -> None:
    number = phone_of(signup)
    tell(
        kind,
        dedupe_key=f"{kind}:{signup.id}",
        body=f"【澄救】{body}",
        # Numbers abroad are kept as contacts; no short message reaches them.
        phone=None if number.startswith("+") else number,
        about=signup,
        unit_id=run.unit_id,
        expires_at=run.ends_at,
    )
