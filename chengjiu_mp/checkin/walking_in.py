"""现场加人: signed up or let in from the line, and checked in at once; or neither (feat-B14)."""

from dataclasses import dataclass

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.errors import NotCheckedIn
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn, Source
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.walking_in import let_in, walk_in


@dataclass(frozen=True)
class WalkIn:
    """Where and how somebody came to the door. ``over``: one more than the capacity was agreed to."""

    meeting_id: int
    nonce: str
    over: bool = False
    source: Source = "name"


def add_at_the_door(run_id: int, entry: Entry, how: WalkIn, by: Principal) -> tuple[Made, ScanAnswer]:
    """Return the new place and the answer of its scan.

    :raise NotCheckedIn: with the scan's sentence, before or after the meeting's hours; nobody is signed up then
    :raise NotFound, RosterNotOpen: who may not check in to this run; :raise Refusal: as :func:`walk_in`
    """
    run = policy.run_to_check_in(by, run_id)
    made = walk_in(run.id, entry, over=how.over)
    return made, _checked_in(run.id, made.signup, how, by)


def let_in_at_the_door(run_id: int, signup_id: int, how: WalkIn, by: Principal) -> ScanAnswer:
    """Seat somebody of the line, one more than there are, and return the answer of the scan.

    :raise NotCheckedIn, NotFound, RosterNotOpen: as :func:`add_at_the_door`; :raise Refusal: as :func:`let_in`
    """
    run = policy.run_to_check_in(by, run_id)
    return _checked_in(run.id, let_in(run, signup_id), how, by)


def _checked_in(run_id: int, signup: Signup, how: WalkIn, by: Principal) -> ScanAnswer:
    scan = ScanIn(
        nonce=how.nonce, signup_id=signup.id, meeting_id=how.meeting_id, scanned_at=clock.now(), source=how.source
    )
    (answer,) = record_scans(run_id, [scan], by)
    if answer.verdict == "refused":
        raise NotCheckedIn(answer.message, why=answer.code)
    return answer
