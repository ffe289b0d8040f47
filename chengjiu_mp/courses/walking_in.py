"""Somebody who comes to the door without a sign-up (现场加人, feat-B14): a seat, or one more than there are."""

from dataclasses import replace

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.errors import AlreadySignedUp, NotWaiting, RunIsFull, SignupClosed
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.promoting import settle_move
from chengjiu_mp.courses.queries import RunToEnter, run_to_enter
from chengjiu_mp.courses.seats import Place, add_seat, locked_pools, release_place, take_seats
from chengjiu_mp.courses.signing_up import Made, enter, held
from chengjiu_mp.courses.signup_reading import By, drafts_of
from chengjiu_mp.courses.signup_rows import DESK

# By whether staff fill it in.
_HERE_ALREADY = {
    True: "这个证件已经报过这一场。请回名单按姓名找到本人，点“签到”。",
    False: "这个证件已经报过这一场，不用补填。请把原来的入场码给工作人员签到；找不到的，请工作人员按姓名找。",
}
AT_THE_DOOR = By(DESK, None, None)


def walk_in(run_id: int, entry: Entry, *, over: bool, by: By = AT_THE_DOOR, ended: bool = False) -> Made:
    """Return the seat of a person at the door, whether or not the time to sign up is over; the line is not asked.

    The caller has judged who may and when. A seat beyond the capacity is flagged ``over_capacity`` and in the trail.

    :param over: somebody in charge said that one more fits
    :param by: who fills the form in; the desk, or the person on their own phone
    :param ended: they came while it lasted: that the run has ended since does not matter, only that it was held
    :raise RunIsFull: about ``over``, when no seat is free and nobody said so
    :raise AlreadySignedUp: saying to look on the roster; :raise SignupClosed: cancelled or ended
    :raise Refusal: as :func:`signing_up.sign_up`, a child's guardian among them
    """
    found = run_to_enter(run_id)
    _check_held(found.run, ended=ended)
    try:
        (draft,) = drafts_of(found.run, [entry], by, None, places=[""])
        if isinstance(draft, Signup):
            return held(draft)
        # Who stands here need not say once more that they come.
        (made,) = enter(
            found, [replace(draft, confirm_by=None)], lambda: [_place(found, over=over, ended=ended)], ended=ended
        )
    except AlreadySignedUp:
        raise AlreadySignedUp(_HERE_ALREADY[by.channel == DESK], field="doc_number") from None
    if made.signup.over_capacity:
        audit.record("signup.over_capacity", made.signup, unit_id=found.run.unit_id)
    return made


def _check_held(run: CourseRun, *, ended: bool) -> None:
    if run.state == "draft":
        raise NotFound
    if run.state != "published" and not (ended and run.state == "closed"):
        raise SignupClosed("这一场已经取消或结束，不能再加人。", phase=run.state)


def let_in(run: CourseRun, signup_id: int) -> Signup:
    """Seat somebody of the line who stands at the door, beyond the capacity and flagged; the line stays as it is.

    While anybody waits no seat is free, so this is one more than there are: who is ahead in the line and at home
    loses nothing by it. The caller has judged who may and when.

    :raise NotFound: no sign-up of this run; :raise NotWaiting: seated or gone meanwhile
    :raise SignupClosed: cancelled or ended
    """
    pools = locked_pools(run.id)
    db.session.refresh(run)
    signup = db.session.get(Signup, signup_id, populate_existing=True)
    if signup is None or signup.run_id != run.id:
        raise NotFound
    if run.state != "published":
        raise SignupClosed("这一场已经取消或结束，不能再加人。", phase=run.state)
    if signup.state != "waitlisted":
        raise NotWaiting
    position = signup.position
    release_place(pools, signup)
    signup.pool_id, signup.state, signup.over_capacity = pools.open.id, "confirmed", True
    db.session.flush()
    add_seat(pools.open.id)
    audit.record("signup.let_in", signup, unit_id=run.unit_id, position=position)
    settle_move(signup)
    return signup


def _place(found: RunToEnter, *, over: bool, ended: bool) -> Place:
    # Everybody who changes a run's places or its attendance takes these rows first, all of them in one order.
    pool = locked_pools(found.run.id).open
    if ended:
        _check_held(run_to_enter(found.run.id).run, ended=True)
    if take_seats(pool.id):
        return Place(pool.id, "confirmed", None, 0)
    if not over:
        raise RunIsFull(_full(pool.capacity, pool.waiting), field="over", capacity=pool.capacity, waiting=pool.waiting)
    add_seat(pool.id)
    return Place(pool.id, "confirmed", None, 0, over=True)


def _full(capacity: int, waiting: int) -> str:
    line = f"，还有 {waiting} 人候补" if waiting else ""
    return f"{capacity} 个名额已满{line}。场地和师资够的，请勾选“确认超员加人”再提交；不够的，请本人改报别的场次。"
