"""What people are told about their place. No name, no document: the phone it goes to may have been typed wrong."""

from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from chengjiu_mp.core import clock, ids, limits, privacy
from chengjiu_mp.core.day_words import day_time, day_time_range
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import GuardianAskedLately
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.queries import run_url
from chengjiu_mp.courses.signup_queries import account_of, kept_run, phone_of, ticket_url
from chengjiu_mp.outbox.service import Letter, tell
from chengjiu_mp.people.guardians import guardian_phone, guardian_token
from chengjiu_mp.people.models import GuardianConsent
from chengjiu_mp.signin import codes

REMINDER = "signup.reminder"
# What the code in a guardian's message is good for, as long as their word is waited for.
CLAIM = "guardian_claim"
CLAIM_LIFE = timedelta(hours=48)


def which(index: int, people: int) -> str:
    """Return which of a few people on one phone a message is about, in the form's order: no name is written.

    :param index: counts from 0
    """
    return f"（同行 {people} 位中的第 {index + 1} 位）" if people > 1 else ""


def tell_confirmed(signup: Signup, run: CourseRun, which: str = "") -> None:
    """Say when, where and what to bring. ``run`` has its venue and syllabus loaded."""
    write(signup, run, *_confirmed(signup, run, which))


def _confirmed(signup: Signup, run: CourseRun, which: str = "") -> tuple[str, str]:
    text = f"报名成功{which}：{what_of(run)}{run.syllabus.bring}{_once_more(signup)}入场码：{ticket_url(signup)}"
    return "signup.confirmed", text


def tell_waiting(signup: Signup, run: CourseRun, rank: int, which: str = "", *, kept: CourseRun | None = None) -> None:
    """Say where in the line, and that nothing more is to be done.

    :param kept: where a place is kept until there is one here
    """
    words = f"没换成之前，{day_time(kept.starts_at)}那一场一直给您留着。" if kept else ""
    write(signup, run, *_waiting(signup, run, rank, which, words))


def _waiting(signup: Signup, run: CourseRun, rank: int, which: str = "", kept: str = "") -> tuple[str, str]:
    text = (
        f"名额已满，您排在候补第 {rank} 位{which}：{what_of(run)}有空位会按顺序通知您。{kept}"
        f"看排到哪里：{ticket_url(signup)}"
    )
    return "signup.waiting", text


def letter_of(signup: Signup, run: CourseRun, rank: int | None) -> Letter | None:
    """Return what :func:`tell_confirmed` (``rank`` None) or :func:`tell_waiting` writes, to be told with others."""
    return _letter(signup, run, *(_confirmed(signup, run) if rank is None else _waiting(signup, run, rank)))


def tell_guardian_asked(signup: Signup, run: CourseRun, consent: GuardianConsent) -> None:
    """Ask the guardian of the children of one form: once an hour for a child, as long as the code that went is good.

    A short message's template holds no address of its own, so the text begins with a code (the template's ``code``):
    with it and their number a guardian on another phone finds whatever waits for their word at ``/g``.

    :raise GuardianAskedLately: within the hour; :raise TooMany: when the phone got as many as a day or an hour allows.
        The transaction, or its savepoint, is to be rolled back
    """
    number, hour = guardian_phone(consent), int(clock.now().timestamp() // 3600)
    once = f"{CLAIM}:{consent.person_id}:{consent.phone_index.hex()[:16]}:{hour}"
    # Numbers abroad get no short message, and so no code.
    abroad = number.startswith("+")
    if not abroad:
        # First, for it locks the phone's row: of two who ask at once the second sees the first one's code.
        codes.count_claim(number)
    if not limits.use_up(once, 3600) and (abroad or codes.claim_stands(number, CLAIM)):
        raise GuardianAskedLately
    word = "" if abroad else f"监护人确认码 {codes.claim_code(number, CLAIM, CLAIM_LIFE)}。"
    text = (
        f"{word}有未满 14 周岁的孩子报名{what_of(run)}请监护人在 48 小时内点开，看过告知书再决定是否同意："
        f"{guardian_url(consent)}"
        "同意后才占名额；不认识这个孩子的，请不用理会。"
    )
    write(signup, run, "guardian.asked", text, number=number, key=f"guardian.asked:{ids.new_uid()}")


def tell_guardian_agreed(signup: Signup, run: CourseRun, consent: GuardianConsent) -> None:
    """Thank the guardian and say where the consent is taken back."""
    text = f"已记下您的监护人同意：{what_of(run)}想撤回，随时可以在这里办：{guardian_url(consent)}"
    _tell_guardian(signup, run, consent, "guardian.agreed", text)


def tell_unanswered(signup: Signup, run: CourseRun) -> None:
    """Say that it ended without a guardian's word, and that nothing was taken."""
    text = (
        f"“{run.title}”（{day_time(run.starts_at)}）的报名没有在时限内等到监护人同意，已经取消，没有占名额。"
        "还想来，可以重新报名。"
    )
    write(signup, run, "signup.unanswered", text)


def guardian_url(consent: GuardianConsent) -> str:
    """Return the address of a guardian's page, for them alone."""
    return site().link(f"/g/{guardian_token(consent)}")


def tell_promoted(signup: Signup, run: CourseRun, *, call: bool = False) -> None:
    """Say that the wait is over and how to give the seat back.

    :param call: whether staff are to call as well: the phone was never proved, or no channel reached it
    """
    text = (
        f"有空位了，您的报名已确认：{what_of(run)}{_left(kept_run(signup))}{run.syllabus.bring}{_once_more(signup)}"
        f"入场码：{ticket_url(signup)}。来不了请在这里取消。"
    )
    write(signup, run, "signup.promoted", text, call=call)


def tell_offered(signup: Signup, run: CourseRun, until: datetime) -> None:
    """Ask whether the seat is still wanted. The clock starts when this arrives, so ``until`` is the earliest end."""
    text = (
        f"有空位了，名额给您留着：{what_of(run)}请在{day_time(until)}前点开确认，过时让给下一位："
        f"{ticket_url(signup)}不想来了也请在这里说一声。"
    )
    write(signup, run, "signup.offered", text)


def tell_offer_lapsed(signup: Signup, run: CourseRun) -> None:
    """Say that the held seat went on, and that coming back is possible."""
    text = f"“{run.title}”（{day_time(run.starts_at)}）给您留的名额没有等到确认，已让给下一位。还想来，可以重新报名。"
    write(signup, run, "signup.offer_lapsed", text)


def tell_moved(signup: Signup, run: CourseRun, *, left: CourseRun | None = None) -> None:
    """Say where to go now; the old ticket opens nothing any more.

    :param left: where a seat was kept all the while, when the place that moved only waited for one
    """
    what = f"{what_of(run)}{_left(left)}{run.syllabus.bring}{_once_more(signup)}"
    text = f"已为您换到：{what}新的入场码：{ticket_url(signup)}原来的入场码作废。"
    write(signup, run, "signup.moved", text)


def tell_withdrawn(signup: Signup, run: CourseRun) -> None:
    """Say it is cancelled, so that nobody's place ends unnoticed."""
    text = f"您的报名已取消：{run.title}，{day_time(run.starts_at)}。如不是您本人操作，请致电举办单位。"
    write(signup, run, "signup.withdrawn", text)


def tell_phone_left(signup: Signup, run: CourseRun, old: str) -> None:
    """Say once to the number that was on the sign-up that another one is now; nothing of whose or which."""
    body = (
        f"{day_time(run.starts_at)}的“{run.title}”有一份报名原来留的是这个手机号，现在改成了别的号码，"
        f"以后的通知不再发到这里。如果不是您改的，请致电 {site().help_phone}。"
    )
    write(signup, run, "signup.phone_left", body, part=_once_each(old), number=old)


def tell_phone_taken(signup: Signup, run: CourseRun) -> None:
    """Bring the ticket to the number that is on the sign-up now: what was told before went to another one."""
    body = f"您的报名改用这个手机号：{what_of(run)}入场码：{ticket_url(signup)}。如不是您本人报名，请不用理会。"
    write(signup, run, "signup.phone_taken", body, part=_once_each(phone_of(signup)))


def _once_each(number: str) -> str:
    return f":{privacy.phone_index(number).hex()[:16]}"


def tell_reminder(signup: Signup, run: CourseRun) -> None:
    """Remind of a training that is near: when, where, what to bring, and the way to say that one cannot come."""
    ticket = ticket_url(signup)
    text = (
        f"提醒您：{what_of(run)}{run.syllabus.bring}{_once_more(signup)}"
        f"到场出示入场码：{ticket} 来不了请点这里说一声：{ticket}/excuse"
    )
    write(signup, run, REMINDER, text, part=f":{int(run.starts_at.timestamp())}", expires_at=run.starts_at)


def tell_seat_released(signup: Signup, run: CourseRun) -> None:
    """Say that the seat nobody confirmed went on, and that coming back is possible."""
    text = (
        f"“{run.title}”（{day_time(run.starts_at)}）的名额没有等到您点“我会来”，已让给候补的人。"
        f"还想来，可以重新报名；有空位就能来：{run_url(run)}"
    )
    write(signup, run, "signup.seat_released", text)


def asking_keys(signup: Signup) -> list[str]:
    """Return the keys of the messages in which this sign-up's holder was asked to confirm once more."""
    told = [key(kind, signup) for kind in ("signup.confirmed", "signup.promoted", "signup.moved")]
    when = signup.reminded_for
    return [*told, *([f"{key(REMINDER, signup)}:{int(when.timestamp())}"] if when else [])]


def key(kind: str, signup: Signup) -> str:
    """Return what makes a message of this kind to this sign-up one."""
    return f"{kind}:{signup.id}"


def what_of(run: CourseRun) -> str:
    """Return what, when and where, as a message says it."""
    when = day_time_range(run.starts_at, run.ends_at)
    return f"{run.title}，{when}，{run.venue.name}（{run.venue.address}）。"


def _left(old: CourseRun | None) -> str:
    return f"{day_time(old.starts_at)}那一场的名额已让出，不用再去。" if old else ""


def _once_more(signup: Signup) -> str:
    if signup.confirm_by is None or signup.reconfirmed_at is not None:
        return ""
    return f"请在{day_time(signup.confirm_by)}前打开入场码点“我会来”，名额就给您留着；不点会让给候补的人。"


def _tell_guardian(signup: Signup, run: CourseRun, consent: GuardianConsent, kind: str, body: str) -> None:
    write(signup, run, kind, body, number=guardian_phone(consent), key=f"{kind}:{consent.id}")


class _Told(TypedDict, total=False):
    """``part`` makes a message one of several of its kind; ``number`` is another than the sign-up's; ``call``: staff
    call as well.
    """

    part: str
    key: str
    number: str
    expires_at: datetime
    call: bool


def write(signup: Signup, run: CourseRun, kind: str, body: str, **more: Unpack[_Told]) -> None:
    """Write a message to the sign-up's phone, or to another ``number``: once a sign-up, or once each ``part`` of it."""
    one = _letter(signup, run, kind, body, **more)
    if one is not None:
        tell(one.kind, dedupe_key=one.dedupe_key, body=one.body, phone=one.phone, about=one.about, **one.options)


def _letter(signup: Signup, run: CourseRun, kind: str, body: str, **more: Unpack[_Told]) -> Letter | None:
    number = more.get("number") or phone_of(signup)
    if not number:
        return None  # erased: there is nobody to tell any more
    return Letter(
        kind,
        dedupe_key=more.get("key") or key(kind, signup) + more.get("part", ""),
        body=site().signed(body),
        phone=number,
        about=signup,
        options={
            "unit_id": run.unit_id, "expires_at": more.get("expires_at") or run.ends_at,
            # Who is told at another number is somebody else: a guardian's code must not come to the child's WeChat.
            "account_id": None if "number" in more else account_of(signup), "call": more.get("call", False),
        },
    )  # fmt: skip
