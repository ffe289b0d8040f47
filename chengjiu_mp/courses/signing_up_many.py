"""Signing up many people at once, with the rules of :mod:`signing_up` and a number of statements that stays the same.

Every rule, row and word is that of a single sign-up; only what is read and written is read and written for all. What
one person may not have is that person's refusal, and the others go on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select

from chengjiu_mp.core import audit, hooks
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.many_rows import insert_each
from chengjiu_mp.core.rows import adopted, put, values_of
from chengjiu_mp.courses import messages
from chengjiu_mp.courses.entry import EntryReading
from chengjiu_mp.courses.errors import AlreadySignedUp, OverlappingSignup, SignupClosed
from chengjiu_mp.courses.many_held import live_signups_of_many, overlapping
from chengjiu_mp.courses.models import CourseRun, SeatPool, Signup
from chengjiu_mp.courses.queries import RunAndSeats, runs_by_id
from chengjiu_mp.courses.refreshing import check_among, renewing_of
from chengjiu_mp.courses.reserving import reserve_for
from chengjiu_mp.courses.seats import Place, Pools, all_locked, take_places, take_seats
from chengjiu_mp.courses.signing_up import Made, check_open
from chengjiu_mp.courses.signup_rows import Draft, Owner, new_signup
from chengjiu_mp.courses.standing import judge
from chengjiu_mp.outbox.service import tell_each
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import check_not_erased, persons_found, write_consents_of


@dataclass(frozen=True)
class Wanted:
    """A place that is asked for: by whom, as :func:`read_entry` understood it for this run, and for which unit."""

    run_id: int
    reading: EntryReading
    owner: Owner


def sign_up_many(wanted: Sequence[Wanted], *, channel: str) -> list[Made | Refusal]:
    """Return for each of these the new place, or why there is none; places are given in the order of ``wanted``.

    The tickets belong to no device. Nobody is on it twice for one run, and nobody needs a guardian. Work within a
    savepoint and go back to it when this raises: somebody else was faster, and each is to be asked for alone.

    :raise SignupNotOpen, SignupClosed, NotFound: when one of the runs takes nobody, or was ended meanwhile
    :raise ErasedMeanwhile: when a person's data was erased meanwhile
    :raise IntegrityError: when somebody got a place elsewhere meanwhile, or two entry codes were the same
    """
    runs = _open_runs({one.run_id for one in wanted})
    judged = _judged(wanted, runs, channel)
    fresh = [(runs[one.run_id], draft) for one, draft in zip(wanted, judged, strict=True) if isinstance(draft, Draft)]
    made = iter(_entered(fresh, channel) if fresh else ())
    return [one if isinstance(one, Refusal) else next(made) for one in judged]


def _open_runs(run_ids: Collection[int]) -> dict[int, RunAndSeats]:
    found = {one.run.id: one for one in runs_by_id(sorted(run_ids))}
    if found.keys() != set(run_ids):
        raise NotFound
    for one in found.values():
        check_open(one.run)
    return found


def _judged(wanted: Sequence[Wanted], runs: Mapping[int, RunAndSeats], channel: str) -> list[Draft | Refusal]:
    people = persons_found([one.reading.document for one in wanted])
    known = {person.id for person, is_new in people if not is_new}
    held = live_signups_of_many(known)
    clashes = overlapping(runs.keys(), held.keys())
    renewing = renewing_of([one.run for one in runs.values()], known)
    found: list[Draft | Refusal] = []
    for one, (person, _) in zip(wanted, people, strict=True):
        try:
            draft = _draft(one, person, runs[one.run_id].run, held.get(person.id, ()), clashes, channel)
            check_among(renewing, one.run_id, person.id)
            found.append(draft)
        except Refusal as refusal:
            found.append(refusal)
    return found


def _draft(
    one: Wanted, person: Person, run: CourseRun, held: Sequence[Signup], clashes: Collection[tuple[int, int]],
    channel: str,
) -> Draft:  # fmt: skip
    if any(before.run_id == run.id for before in held):
        raise AlreadySignedUp
    if (run.id, person.id) in clashes:
        raise OverlappingSignup(field="doc_number")
    return Draft(one.reading, person, channel, None, one.owner, confirm_by=judge(held, run))


def _entered(fresh: Sequence[tuple[RunAndSeats, Draft]], channel: str) -> list[Made]:
    rows = [new_signup(found.run, draft) for found, draft in fresh]
    # From here on others who want a seat in these runs wait: everything that can be sealed beforehand is.
    pools = all_locked({found.run.id for found, _ in fresh})
    _still_open(pools.keys())
    places = _places(fresh, pools)
    for (row, _), place in zip(rows, places, strict=True):
        put(row, pool_id=place.pool_id, state=place.state, position=place.position)
    added = insert_each(Signup, [values_of(row) for row, _ in rows], by="uid")
    check_not_erased({draft.person.id for _, draft in fresh})
    made = []
    for (row, token), place, (_, draft) in zip(rows, places, fresh, strict=True):
        put(row, id=added[row.uid])
        made.append(Made(adopted(row), place.rank or None, token, fresh=True, person=draft.person))
    _conclude(fresh, made, channel)
    return made


def _still_open(run_ids: Collection[int]) -> None:
    states = select(CourseRun.state).where(CourseRun.id.in_(run_ids))
    if any(state != "published" for state in db.session.scalars(states)):
        raise SignupClosed


def _places(fresh: Sequence[tuple[RunAndSeats, Draft]], pools: Mapping[int, Pools]) -> list[Place]:
    """Return the places in the order of the people; within a run whoever stands first is served first."""
    found: dict[int, Place] = {}
    for run_id, of in pools.items():
        people = [(n, draft.owner) for n, (one, draft) in enumerate(fresh) if one.run.id == run_id]
        for unit_id, some in groupby(people, key=lambda one: one[1].unit_id if one[1] else None):
            numbers = [n for n, _ in some]
            found |= zip(numbers, _of_pools(of, unit_id, len(numbers)), strict=True)
    return [found[n] for n in range(len(fresh))]


def _of_pools(of: Pools, unit_id: int | None, people: int) -> Iterable[Place]:
    reserve = reserve_for(of.open.run_id, unit_id) if unit_id is not None else None
    kept = _of_reserve(reserve, people) if reserve is not None else 0
    seats = [Place(reserve, "confirmed", None, 0)] * kept if reserve is not None else []
    return [*seats, *(take_places(of.open.id, people - kept) if people > kept else ())]


def _of_reserve(pool_id: int, people: int) -> int:
    # The pool's row is locked, so that what is read here is still so when it is taken.
    left = db.session.scalar(select(SeatPool.capacity - SeatPool.taken).where(SeatPool.id == pool_id)) or 0
    seats = min(people, left)
    return seats if seats and take_seats(pool_id, seats) else 0


def _conclude(fresh: Sequence[tuple[RunAndSeats, Draft]], made: Sequence[Made], channel: str) -> None:
    pairs = [(found.run, draft, one) for (found, draft), one in zip(fresh, made, strict=True)]
    write_consents_of([(draft.person, one.signup, draft.reading.notices) for _, draft, one in pairs], channel)
    audit.record_each(
        audit.Deed(
            "signup.made", one.signup, run.unit_id,
            {"state": one.signup.state, "position": one.signup.position, "channel": one.signup.channel},
        )
        for run, _, one in pairs
    )  # fmt: skip
    letters = [messages.letter_of(one.signup, run, one.rank) for run, _, one in pairs]
    tell_each([one for one in letters if one is not None])
    after_commit(lambda: hooks.crash_after_commit("signup"))
