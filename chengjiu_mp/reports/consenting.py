"""Withdrawing a consent: a date on the ledger's row, and the end of the sign-up that cannot go on without it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.models import Consent, Notice
from chengjiu_mp.people.queries import consents_of
from chengjiu_mp.reports.reach import Held


@dataclass(frozen=True)
class Given:
    """A consent of the caller's, with the sign-up and the run it was given for. ``ends_signup``: what its withdrawal
    does to a place that is still live.
    """

    consent: Consent
    notice: Notice
    signup: Signup | None
    run: CourseRun | None
    ends_signup: bool

    @property
    def consequence(self) -> str:
        """What is told before it is withdrawn."""
        if self.consent.withdrawn_at is not None:
            return "已经撤回，不用再办。"
        if self.ends_signup and self.run:
            return f"这项同意是报名必需的：撤回后，“{self.run.title}”的报名会取消，名额让给下一位。"
        if self.notice.required:
            return "撤回后不再凭这项同意办理新的事项；已经办完的培训、考核和证书不受影响。"
        return "撤回后不再用于这个用途，报名和证书不受影响。"


def consents_held(held: Sequence[Held]) -> list[Given]:
    """Return what these people agreed to, the newest first."""
    found = [pair for one in held for pair in consents_of(one.person.id, one.signup_ids, whole=one.whole)]
    wanted = {consent.signup_id for consent, _ in found if consent.signup_id is not None}
    rows = db.session.execute(
        select(Signup, CourseRun).join(CourseRun, CourseRun.id == Signup.run_id).where(Signup.id.in_(wanted))
    )
    places = {signup.id: (signup, run) for signup, run in rows}
    return [_given(consent, notice, places.get(consent.signup_id or 0)) for consent, notice in found]


def _given(consent: Consent, notice: Notice, place: tuple[Signup, CourseRun] | None) -> Given:
    signup, run = place or (None, None)
    begun = run is not None and (run.state != "published" or run.starts_at <= clock.now())
    live = signup is not None and signup.state in LIVE and signup.outcome is None and not begun
    return Given(consent, notice, signup, run, ends_signup=live and notice.required)


def consent_held(held: Sequence[Held], consent_id: int) -> Given:
    """Return one of them.

    :raise NotFound: it is none of the caller's, or there is none
    """
    found = next((one for one in consents_held(held) if one.consent.id == consent_id), None)
    if found is None:
        raise NotFound
    return found


def withdraw_consent(given: Given) -> Consent:
    """Date the withdrawal, and end the sign-up that cannot go on without it; a second call changes nothing."""
    now = clock.now()
    taken = db.session.scalar(
        update(Consent)
        .where(Consent.id == given.consent.id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(Consent.id)
    )
    db.session.refresh(given.consent)
    if taken is None:
        return given.consent
    unit = given.run.unit_id if given.run else None
    audit.record(
        "consent.withdrawn", given.consent, unit_id=unit, purpose=given.notice.purpose, version=given.notice.version
    )
    if given.notice.required and given.signup is not None:
        with suppress(CannotWithdraw):
            withdraw(given.signup, "撤回同意")
    return given.consent
