"""A trainee's own check-in by the hall's screen, for the sign-ups of their own phone (feat-B2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.attendance import FACE_TO_FACE, refold, scans_of, take_turn
from chengjiu_mp.checkin.fold import live
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.wall_displays import second_open
from chengjiu_mp.checkin.wall_errors import NobodyTicked, WallCodeOld, WallEnded, WallNotYours
from chengjiu_mp.checkin.wall_judging import Judged, judge_claim, own_signups, scan_of
from chengjiu_mp.checkin.wall_models import WallPresence
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup

# Whom somebody saw, or whose signature is there, needs no second scan.
SEEN = (*FACE_TO_FACE, "paper", "later")

Step = Literal["first", "second", "here", "no"]


@dataclass(frozen=True)
class OwnSignup:
    """One person of this phone. ``step``: what a tap would do ("here", "no": nothing any more, or not at all).

    ``code`` is that of the verdict; ``at`` when they were checked in.
    """

    signup: Signup
    step: Step
    code: str
    at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """What became of one person's tap."""

    signup_id: int
    name: str
    verdict: str
    code: str
    second: bool


def people_here(judged: Judged, who: Principal) -> list[OwnSignup]:
    """Return this phone's people in the run, each with what can be done for them now."""
    return [_state_of(judged, one) for one in own_signups(judged.run.id, who)]


def _state_of(judged: Judged, signup: Signup) -> OwnSignup:
    query = select(CheckIn).where(CheckIn.signup_id == signup.id, CheckIn.meeting_id == judged.meeting.id)
    here = db.session.scalars(query).first()
    if here is not None:
        return OwnSignup(signup, "second" if _lacks_second(judged, here) else "here", "already", here.first_at)
    code = policy.verdict_of(judged.run, judged.meeting, signup, clock.now(), "wall")
    return OwnSignup(signup, "first" if code == "ok" else "no", code)


def _lacks_second(judged: Judged, here: CheckIn) -> bool:
    """Return whether a scan now would be this person's second: one who came by the wall alone, before it began."""
    begins = judged.display.second_at
    if begins is None or not second_open(judged.display) or here.first_at >= begins:
        return False
    return not _seen(here) and _presence(here.signup_id, here.meeting_id, second=True) is None


def _seen(here: CheckIn) -> bool:
    return any(one.source in SEEN for one in live(scans_of(here.signup_id, here.meeting_id)))


def _presence(signup_id: int, meeting_id: int, *, second: bool) -> WallPresence | None:
    query = select(WallPresence).where(
        WallPresence.signup_id == signup_id, WallPresence.meeting_id == meeting_id, WallPresence.second.is_(second)
    )
    return db.session.scalars(query).first()


def check_in(claim: str, signup_ids: Sequence[int], who: Principal) -> list[Answer]:
    """Check in whom the phone's holder ticked, and return what became of each; twice is once.

    Nothing is proved by it: neither name nor phone, for nobody looked at the person.

    :param claim: the text that a fresh code was exchanged for on this phone
    :raise WallElsewhere, WallTooSlow, WallEnded, WallTooEarly, WallOver: the claim is worth nothing (any more)
    :raise NobodyTicked; :raise WallNotYours: one of them did not sign up on this phone, and nobody is checked in then
    """
    judged, took_ms = judge_claim(claim, who)
    if judged.refusal is not None:
        raise judged.refusal
    wanted = list(dict.fromkeys(signup_ids))
    if not wanted:
        raise NobodyTicked(field="signup_id")
    take_turn(judged.run)
    db.session.refresh(judged.display)
    if judged.display.ended_at is not None:
        raise WallEnded
    own = {one.id: one for one in own_signups(judged.run.id, who)}
    if not own.keys() >= set(wanted):
        raise WallNotYours
    answers = [_one(judged, own[signup_id], took_ms, who) for signup_id in wanted]
    _tell(judged, answers)
    return answers


def _one(judged: Judged, signup: Signup, took_ms: int, who: Principal) -> Answer:
    state = _state_of(judged, signup)
    if state.step == "second":
        _add_presence(judged, signup, took_ms, who, second=True)
    if _did_second(judged, signup):
        return Answer(signup.id, signup.name, "accepted", "ok", second=True)
    nonce = f"wall.{judged.display.code}.{judged.counter}.{signup.id}"
    scan = db.session.scalars(select(Scan).where(Scan.run_id == judged.run.id, Scan.nonce == nonce)).first()
    if scan is not None and state.step == "first":
        # It checked somebody in who was taken back out since: one code does so once.
        return Answer(signup.id, signup.name, "refused", WallCodeOld.code, second=False)
    if scan is None:
        scan = scan_of(judged, signup, who, nonce, "ok" if state.step in ("first", "here") else state.code)
        if scan.verdict == "refused":
            db.session.add(scan)
            db.session.flush()
        else:
            if refold(judged.run, signup, scan, scans_of(signup.id, judged.meeting.id)):
                audit.record("checkin.made", signup, unit_id=judged.run.unit_id, scan_id=scan.id, source=scan.source)
            db.session.flush()
            _add_presence(judged, signup, took_ms, who, second=False)
    return Answer(signup.id, signup.name, scan.verdict, scan.code, second=False)


def _did_second(judged: Judged, signup: Signup) -> bool:
    """Return whether this very code was the person's second scan."""
    row = _presence(signup.id, judged.meeting.id, second=True)
    return row is not None and (row.display_id, row.counter) == (judged.display.id, judged.counter)


def _add_presence(judged: Judged, signup: Signup, took_ms: int, who: Principal, *, second: bool) -> None:
    # The caller has its turn; the unique index is the last word against a second one.
    if _presence(signup.id, judged.meeting.id, second=second) is None:
        db.session.add(
            WallPresence(
                meeting_id=judged.meeting.id, signup_id=signup.id, display_id=judged.display.id, second=second,
                counter=judged.counter, device_id=who.device_id, took_ms=max(0, min(took_ms, 2_000_000_000)),
            )
        )  # fmt: skip
        db.session.flush()


def _tell(judged: Judged, answers: Sequence[Answer]) -> None:
    counts: dict[str, int] = {}
    for one in answers:
        word = "second" if one.second else one.verdict
        counts[word] = counts.get(word, 0) + 1
    audit.record("wall.scanned", judged.display, unit_id=judged.run.unit_id, run_id=judged.run.id, **counts)
