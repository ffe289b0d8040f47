"""The check-in row and the sign-up's outcome, brought in line with the scans."""

from sqlalchemy import exists, select

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.errors import CheckInNeeded, NothingToAnnul
from chengjiu_mp.checkin.fold import fold, live
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.people import service as people
from chengjiu_mp.people.models import Person

# Face to face: the instructor has the person in front of them. A list on paper proves nobody's phone.
FACE_TO_FACE = ("camera", "name", "code")


def scans_of(signup_id: int, meeting_id: int) -> list[Scan]:
    """Return all scans of a sign-up for a meeting, annulments among them, in the order they arrived."""
    query = select(Scan).where(Scan.signup_id == signup_id, Scan.meeting_id == meeting_id)
    return list(db.session.scalars(query.order_by(Scan.id)))


def take_turn(run: CourseRun) -> None:
    """Let one change of a run's attendance proceed at a time, and see the run as it is then.

    The lock is that of the seats, which withdrawing, promoting and cancelling take first too: nobody is withdrawn and
    here at once, and a run's nonces and scan ids are given in order.
    """
    db.session.execute(select(SeatPool.id).where(SeatPool.run_id == run.id).order_by(SeatPool.id).with_for_update())
    db.session.refresh(run)


def refold(run: CourseRun, signup: Signup, meeting: Meeting, scan: Scan) -> None:
    """Add an admissible scan, and bring the check-in in line; the caller has taken its turn.

    The first to arrive is "accepted". One that arrives later is "already", also when it is dated earlier and so moves
    the check-in's time.
    """
    here = _check_in(signup.id, meeting.id)
    if here is not None:
        scan.verdict, scan.code = "already", "already"
    db.session.add(scan)
    db.session.flush()
    _write(run, signup, meeting.id, here)
    if here is None:
        _attend(run, signup, scan)


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
    db.session.add_all(_annulment(one, reason, by) for one in live(scans))
    db.session.flush()
    _write(run, signup, scan.meeting_id, _check_in(signup.id, scan.meeting_id))
    if signup.outcome == "attended" and not _checked_in_anywhere(signup.id):
        signup.outcome = "absent" if run.state == "closed" else None
    audit.record("checkin.annulled", signup, unit_id=run.unit_id, scan_id=scan.id, reason=reason)
    db.session.flush()
    return signup


def _annulment(of: Scan, reason: str, by: Principal) -> Scan:
    # The blank in the nonce keeps it apart from all that a phone may send.
    return Scan(
        run_id=of.run_id, meeting_id=of.meeting_id, signup_id=of.signup_id, nonce=f"annul {of.id}", source="name",
        scanned_at=clock.now(), received_at=clock.now(), account_id=by.account_id, by_name=by.name[:100],
        verdict="accepted", code="annulment", annuls_id=of.id, reason=reason,
    )  # fmt: skip


def _check_in(signup_id: int, meeting_id: int) -> CheckIn | None:
    query = select(CheckIn).where(CheckIn.signup_id == signup_id, CheckIn.meeting_id == meeting_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def _checked_in_anywhere(signup_id: int) -> bool:
    return bool(db.session.scalar(select(exists().where(CheckIn.signup_id == signup_id))))


def _write(run: CourseRun, signup: Signup, meeting_id: int, here: CheckIn | None) -> None:
    """Make the row what the fold says; the unique index is the last word against a second one (rel-C1)."""
    winner = fold(scans_of(signup.id, meeting_id))
    if winner is None:
        if here is not None:
            db.session.delete(here)
    elif here is None:
        db.session.add(
            CheckIn(
                run_id=run.id, signup_id=signup.id, meeting_id=meeting_id, scan_id=winner.id,
                first_at=winner.scanned_at, by_name=winner.by_name,
            )
        )  # fmt: skip
    else:
        here.scan_id, here.first_at, here.by_name = winner.id, winner.scanned_at, winner.by_name
    db.session.flush()


def _attend(run: CourseRun, signup: Signup, scan: Scan) -> None:
    """Record that the person is here. Coming accepts an offered seat, and proves name and phone face to face."""
    signup.outcome = "attended"
    if signup.state == "offered":
        signup.state, signup.offer_ends_at = "confirmed", None
    if scan.source in FACE_TO_FACE and signup.erased_at is None:
        _prove(signup, f"checkin:{scan.id}")
    late = {"reason": scan.reason} if run.state == "closed" and scan.reason else {}
    audit.record("checkin.made", signup, unit_id=run.unit_id, scan_id=scan.id, source=scan.source, **late)
    db.session.flush()


def _prove(signup: Signup, by: str) -> None:
    person = db.session.get_one(Person, signup.person_id)
    if signup.name_proved_at is None and people.prove_name(person, signup.name, by):
        signup.name_proved_at = clock.now()
    number = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    if signup.phone_proved_at is None and people.prove_phone(person, number, by):
        signup.phone_proved_at = clock.now()
