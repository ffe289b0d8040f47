"""现场加人: signed up and checked in at once, or neither (feat-B14)."""

from dataclasses import dataclass

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.errors import NotCheckedIn
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn, Source
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.walking_in import walk_in


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
    scan = ScanIn(
        nonce=how.nonce, signup_id=made.signup.id, meeting_id=how.meeting_id, scanned_at=clock.now(), source=how.source
    )
    (answer,) = record_scans(run.id, [scan], by)
    if answer.verdict == "refused":
        raise NotCheckedIn(answer.message, why=answer.code)
    return made, answer
