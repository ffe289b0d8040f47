"""The check-in row and the sign-up's outcome, brought in line with the scans."""

from collections.abc import Sequence

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm.util import identity_key

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.errors import CheckInNeeded, NothingToAnnul
from chengjiu_mp.checkin.fold import fold, live
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.rows import insert_object, insert_row, named, table_of
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.people import service as people
from chengjiu_mp.people.models import Person

# Face to face: the instructor has the person in front of them. A list on paper proves nobody's phone.
FACE_TO_FACE = ("camera", "name", "code")

# Said by every scan, so built once.
_POOLS, _HERE = table_of(SeatPool).c, table_of(CheckIn).c
_TURN = select(_POOLS.id).where(_POOLS.run_id == bindparam("run")).order_by(_POOLS.id).with_for_update()
_CHANGED = ("state", "outcome", "offer_ends_at", "name_proved_at", "phone_proved_at")
_ARRIVE = (
    update(table_of(Signup))
    .where(table_of(Signup).c.id == bindparam("who"))
    .values({name: bindparam(name) for name in _CHANGED})
)
_MOVE = update(table_of(CheckIn)).where(_HERE.signup_id == bindparam("who"), _HERE.meeting_id == bindparam("to"))


def scans_of(signup_id: int, meeting_id: int) -> list[Scan]:
    """Return all scans of a sign-up for a meeting, annulments among them, in the order they arrived."""
    query = select(Scan).where(Scan.signup_id == signup_id, Scan.meeting_id == meeting_id)
    return list(db.session.scalars(query.order_by(Scan.id)))


def take_turn(run: CourseRun) -> None:
    """Let one change of a run's attendance proceed at a time, and see the run as it is then.

    The lock is that of the seats, which withdrawing, promoting and cancelling take first too: nobody is withdrawn and
    here at once, and a run's nonces and scan ids are given in order.
    """
    execute(_TURN, {"run": run.id}).close()
    db.session.refresh(run)


def take_turn_of(run_id: int) -> None:
    """Do as :func:`take_turn` for a run that is read afterwards, which saves reading it twice."""
    execute(_TURN, {"run": run_id}).close()
    held = db.session.identity_map.get(identity_key(CourseRun, run_id))
    if held is not None:
        db.session.refresh(held)


def refold(run: CourseRun, signup: Signup, scan: Scan, before: list[Scan]) -> bool:
    """Add an admissible scan, and bring the check-in in line; return whether it is the one that checked the person in.

    The first to arrive is "accepted". One that arrives later is "already", also when it is dated earlier and so moves
    the check-in's time. The caller has taken its turn; :func:`write_arrivals` writes what changed on the sign-up.

    :param before: all scans of the sign-up for the meeting, annulments among them; this one is added
    """
    here = fold(before)
    if here is not None:
        scan.verdict, scan.code = "already", "already"
    scan.id = insert_object(scan)
    before.append(scan)
    row = {"scan_id": scan.id, "first_at": scan.scanned_at, "by_name": scan.by_name}
    if here is None:
        # The unique index is the last word against a second one (rel-C1).
        insert_row(CheckIn, {"run_id": run.id, "signup_id": signup.id, "meeting_id": scan.meeting_id, **row})
        _attend(signup, scan)
    elif fold(before) is scan:
        execute(_MOVE, {"who": signup.id, "to": scan.meeting_id, **row})
    return here is None


def write_arrivals(signups: Sequence[Signup]) -> None:
    """Write what :func:`refold` changed on these sign-ups, which are in no session; who is in one learns of it."""
    if not signups:
        return
    execute(_ARRIVE, [{"who": one.id, **{name: getattr(one, name) for name in _CHANGED}} for one in signups]).close()
    for one in signups:
        held = db.session.identity_map.get(identity_key(Signup, one.id))
        if held is not None:
            db.session.refresh(held)


def annul(scan_id: int, reason: str, by: Principal) -> Signup:
    """Take a check-in back: each scan of that person for that meeting is annulled by a row that says who and why.

    The person can check in again afterwards.

    :param scan_id: any accepted or repeated scan of the check-in
    :raise NotFound: missing or out of scope; :raise NothingToAnnul: refused, or annulled before
    :raise CheckInNeeded: results that stand on the attendance were handed in
    """
    scan = db.session.get(Scan, scan_id)
    if scan is None:
        raise NotFound
    run = policy.run_to_check_in(by, scan.run_id)
    take_turn(run)
    if scan.signup_id is None or scan.verdict == "refused" or scan.annuls_id is not None:
        raise NothingToAnnul
    signup = db.session.get_one(Signup, scan.signup_id, populate_existing=True)
    scans = scans_of(signup.id, scan.meeting_id)
    gone = {s.annuls_id for s in scans}
    if scan.id in gone:
        raise NothingToAnnul
    if run.attendance_fixed_at is not None:
        raise CheckInNeeded
    _take_out(run, signup, scan, reason, by)
    return signup


def take_all_back(run: CourseRun, reason: str, by: Principal) -> None:
    """Take back everybody who had come to a run that is moved before it began, by time or into another.

    They came to what the run was: they are expected anew, and nobody is present who stays away then.

    The caller holds the run's seats.
    """
    here = db.session.scalars(select(CheckIn).where(CheckIn.run_id == run.id).order_by(CheckIn.id)).all()
    for one in here:
        signup = db.session.get_one(Signup, one.signup_id, populate_existing=True)
        _take_out(run, signup, db.session.get_one(Scan, one.scan_id), reason, by)


def _take_out(run: CourseRun, signup: Signup, scan: Scan, reason: str, by: Principal) -> None:
    db.session.add_all(_annulment(one, reason, by) for one in live(scans_of(signup.id, scan.meeting_id)))
    db.session.flush()
    for here in _check_ins(signup.id, scan.meeting_id):
        db.session.delete(here)
    db.session.flush()
    if signup.outcome == "attended" and not _checked_in_anywhere(signup.id):
        signup.outcome = "absent" if run.state == "closed" else None
    audit.record("checkin.annulled", signup, unit_id=run.unit_id, scan_id=scan.id, reason=reason)
    db.session.flush()


def _annulment(of: Scan, reason: str, by: Principal) -> Scan:
    # The blank in the nonce keeps it apart from all that a phone may send.
    return Scan(
        run_id=of.run_id, meeting_id=of.meeting_id, signup_id=of.signup_id, nonce=f"annul {of.id}", source="name",
        scanned_at=clock.now(), received_at=clock.now(), account_id=by.account_id, by_name=by.name[:100],
        verdict="accepted", code="annulment", annuls_id=of.id, reason=reason,
    )  # fmt: skip


def _check_ins(signup_id: int, meeting_id: int) -> list[CheckIn]:
    query = select(CheckIn).where(CheckIn.signup_id == signup_id, CheckIn.meeting_id == meeting_id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _checked_in_anywhere(signup_id: int) -> bool:
    return bool(db.session.scalar(select(exists().where(CheckIn.signup_id == signup_id))))


def _attend(signup: Signup, scan: Scan) -> None:
    """Note that the person is here. Coming accepts an offered seat, and proves name and phone face to face."""
    if _proves(scan) and signup.erased_at is None:
        _prove(signup, f"checkin:{scan.id}")
    signup.outcome = "attended"
    if signup.state == "offered":
        signup.state, signup.offer_ends_at = "confirmed", None


def _proves(scan: Scan) -> bool:
    # A helper, who has no account, may tick a name that somebody called out: that shows neither ticket nor document.
    by_helper = scan.device_id is not None and scan.account_id is None
    return scan.source in FACE_TO_FACE and not (by_helper and scan.source == "name")


def _prove(signup: Signup, by: str) -> None:
    person = named(Person, signup.person_id)
    number = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    if signup.name_proved_at is None and people.prove_name(person, signup.name, by):
        signup.name_proved_at = clock.now()
    if signup.phone_proved_at is None and people.prove_phone(person, number, by):
        signup.phone_proved_at = clock.now()
