"""Limits on signing up that refuse no crowded hall (rulings: mechanics): a device has its own, a network is only asked.

Why these numbers: docs/decisions/2026-11-25-places-per-person-and-device.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ScalarSelect, Table, bindparam, func, select

from chengjiu_mp.core import clock, limits, privacy, questions
from chengjiu_mp.core.db import db, execute, unit_of_work
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.questions import Opened
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import DeviceFull, QuestionNeeded
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.rules import rules
from chengjiu_mp.people.models import GuardianConsent
from chengjiu_mp.people.phones import PhoneRefused, read_phone

MINUTE = 60
# From this part of a network's minute on a question is asked.
_NEAR = 0.8
# Wrong answers a minute from one network; a hall of six hundred makes a few dozen.
_WRONG_ANSWERS = 200
# Why a question is asked, so that nobody takes their own phone's third place for a rush.
_BUSY = "现在报名的人很多，请先回答一个小问题，再提交一次。"
_MANY_HERE = "这部手机上已经报了几个名额，请先回答一个小问题，再提交一次。"


@dataclass(frozen=True)
class Visitor:
    """Who signs up: the device session, if there is one, and the network's keyed name; and their limits a minute."""

    device_id: int | None
    network: str
    per_device: int
    per_network: int

    @property
    def name(self) -> str:
        """Return whom a question is bound to."""
        return f"device:{self.device_id}" if self.device_id is not None else f"network:{self.network}"


@dataclass(frozen=True)
class Said:
    """What came back to a question; both empty when none was asked yet."""

    challenge: str = ""
    answer: str = ""


def count_try(who: Visitor, said: Said, people: int = 1, phones: Iterable[str] = ()) -> Opened | None:
    """Count a try to sign up so many people, ahead of the transaction; return the answered challenge to use up.

    :param phones: as typed, whom messages will go to
    :raise TooMany: when the device's minute is used up
    :raise DeviceFull: when the device holds too many places ahead
    :raise QuestionNeeded: near a limit, without a right answer; ``question`` and ``challenge`` among the facts
    """
    tries = [Limit(f"signup:network:{who.network}", who.per_network, MINUTE, soft=True)]
    if who.device_id is not None:
        tries.append(Limit(f"signup:device:{who.device_id}", who.per_device, MINUTE))
    # A device's own minute has an end; its places ahead are asked about long before. A network is only ever asked.
    with unit_of_work():
        held = places_ahead(who.device_id) if who.device_id is not None else None
        often = _told_often(phones)
        # Last, for a crowd behind one network waits for its row.
        crowded = limits.count(*tries)[tries[0].key] > who.per_network * _NEAR
    if held is not None and held + people > rules().per_device:
        raise DeviceFull(call=site().help_phone)
    full = held is not None and held >= rules().before_question
    if not (crowded or full or often):
        return None
    # A number typed often is not named as the reason: whoever typed it need not be its owner.
    return _answered(who, said, _BUSY if crowded else _MANY_HERE if full else None)


def count_correction(who: Visitor) -> None:
    """Count a try to correct a sign-up: guesses at documents end here as they do at signing up.

    :raise TooMany: when the device's or the network's minute is used up
    """
    tries = [Limit(f"correct:network:{who.network}", who.per_network, MINUTE)]
    if who.device_id is not None:
        tries.append(Limit(f"correct:device:{who.device_id}", who.per_device, MINUTE))
    limits.spend(*tries)


def is_asked(who: Visitor) -> bool:
    """Return whether the form shows a question from the start, so that nobody types twice."""
    return who.device_id is not None and places_ahead(who.device_id) >= rules().before_question


def places_ahead(device_id: int) -> int:
    """Return how many places in runs that are not over were taken on a device."""
    query = (
        select(func.count())
        .select_from(Signup)
        .join(CourseRun, CourseRun.id == Signup.run_id)
        .where(
            Signup.device_id == device_id, Signup.state.in_(LIVE), CourseRun.state == "published",
            CourseRun.ends_at > clock.now(),
        )
    )  # fmt: skip
    return db.session.scalar(query) or 0


def use_up(who: Visitor, answered: Opened | None) -> None:
    """Take an answered challenge in the sign-up's transaction: a sign-up that is refused leaves it to its person.

    :raise QuestionNeeded: when it was used before; the transaction is to be rolled back
    """
    if answered is not None and not questions.use_up(answered):
        raise question_for(who)


def _told_often(phones: Iterable[str]) -> bool:
    """Return whether one of these numbers was typed as often within a day as a device holds places: whoever floods a
    stranger's phone comes with a new device each time.
    """
    since, indexes = clock.now() - timedelta(days=1), {index for phone in phones if phone and (index := _index(phone))}
    return any(
        count >= rules().per_device
        for index in indexes
        for count in execute(_TOLD, {"index": index, "since": since}).one()
    )


def _written(table: Table, since: str) -> ScalarSelect[int]:
    of = table.c.phone_index == bindparam("index")
    return select(func.count()).select_from(table).where(of, table.c[since] > bindparam("since")).scalar_subquery()


# Built once: every sign-up asks it. Places with a number on them, and children whose guardian was asked at it.
_TOLD = select(
    _written(table_of(Signup), "created_at").label("placed"),
    _written(table_of(GuardianConsent), "asked_at").label("asked"),
)


def _index(phone: str) -> bytes | None:
    try:
        return privacy.phone_index(read_phone(phone).number)
    except PhoneRefused:
        return None  # The form will say so.


def _answered(who: Visitor, said: Said, why: str | None) -> Opened:
    found = questions.opened(said.challenge, who.name) if said.challenge else None
    if found is not None and found.is_answered_by(said.answer):
        return found
    wrong = found is not None and bool(said.answer.strip())
    if wrong:
        limits.spend(Limit(f"question:wrong:{who.network}", _WRONG_ANSWERS, MINUTE))
    raise question_for(who, "这个答案不对，换了一个问题，请再答一次。" if wrong else why)


def question_for(who: Visitor, sentence: str | None = None) -> QuestionNeeded:
    """Return the refusal that asks: a new question each time, in words that say why where there is more to say."""
    asked = questions.ask(who.name)
    return QuestionNeeded(sentence, field="answer", question=asked.text, challenge=asked.challenge)
