"""来不了: before the training it gives the seat back, afterwards it keeps the absence from being counted (feat-N24)."""

from datetime import timedelta

from sqlalchemy import or_, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import CannotWithdraw, ExcuseTooLate
from chengjiu_mp.courses.models import LIVE, SEATED, Signup
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.withdrawing import withdraw

REASONS = ("临时有事", "身体不适", "记错时间", "其他")
# Until so long after the run's end.
OPEN_FOR = timedelta(days=2)


def said(reason: str, note: str) -> str:
    """Return the chosen reason and the words beside it as staff read them; neither is needed."""
    chosen = reason if reason in REASONS else ""
    return "：".join(part for part in (chosen, note.strip()) if part)[:500]


def may_excuse(signup: Signup) -> bool:
    """Return whether an excuse is still taken for a seat whose training has begun; its run is loaded."""
    run, now = signup.run, clock.now()
    held = signup.state in SEATED and signup.outcome != "attended" and signup.excused_at is None
    return held and run.state != "cancelled" and run.starts_at <= now < run.ends_at + OPEN_FOR


def excuse(signup: Signup, reason: str = "") -> Signup:
    """Take the word of somebody who cannot come; a second one changes nothing. The check-in keeps the last word.

    :raise ExcuseTooLate: two days after the end; :raise CannotWithdraw: who was there needs no excuse
    """
    run = run_with_seats(signup.run_id).run
    if signup.state in LIVE and run.state == "published" and clock.now() < run.starts_at:
        return withdraw(signup, reason)
    if signup.state not in SEATED or signup.excused_at is not None:
        return signup
    if clock.now() >= run.ends_at + OPEN_FOR:
        raise ExcuseTooLate
    taken = db.session.execute(
        update(Signup)
        .where(
            Signup.id == signup.id, Signup.excused_at.is_(None), Signup.state.in_(SEATED),
            or_(Signup.outcome.is_(None), Signup.outcome == "absent"),
        )
        .values(excused_at=clock.now(), note=reason[:500])
        .returning(Signup.id)
    ).first()  # fmt: skip
    db.session.refresh(signup)
    if taken is None and signup.outcome == "attended":
        raise CannotWithdraw("您已经签到，不用请假。如有出入，请联系现场工作人员。")
    if taken is not None:
        audit.record("signup.excused", signup, unit_id=run.unit_id)
    return signup
