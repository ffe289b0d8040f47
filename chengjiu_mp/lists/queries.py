"""Reads over lists: their runs, their people, their uploads, and what each adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import contains_eager

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.paging import page
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import LIVE, SEATED, CourseRun, CourseType, SeatPool, Signup, Syllabus
from chengjiu_mp.courses.queries import RunAndSeats, runs_by_id
from chengjiu_mp.lists.errors import LinkOff
from chengjiu_mp.lists.models import UnitList, UnitListRow, UnitListRun
from chengjiu_mp.lists.understanding import Terms
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.queries import notices_in_force
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.queries import ancestor_ids, subtree_ids


@dataclass(frozen=True)
class Listed:
    """A list in a list of lists."""

    list: UnitList
    unit: Unit
    people: int
    confirmed: int


@dataclass(frozen=True)
class OnList:
    """A person of a list; without a sign-up only the name is known. ``rank`` counts from 1 among those who wait."""

    row: UnitListRow
    signup: Signup | None
    person: Person | None
    rank: int | None = None

    @property
    def name(self) -> str:
        """Return the name as the list has it, or as the sign-up has it since."""
        return self.signup.name if self.signup else name_of(self.row)


def name_of(row: UnitListRow) -> str:
    """Return the name that was put down."""
    return privacy.unseal(row.name_sealed, place=UnitListRow.PLACE_NAME, row=row.uid)


def lists_in(visible: ColumnElement[bool], cursor: str | None = None) -> tuple[list[Listed], str | None]:
    """Return a page of the lists in ``visible`` (a scope), the newest first, and the next cursor.

    :raise BadCursor: when the cursor is not one of ours
    """
    found = page(select(UnitList).where(visible), UnitList.id, cursor, 30)
    units = {
        one.id: one for one in db.session.scalars(select(Unit).where(Unit.id.in_([r.unit_id for r in found.items])))
    }
    counted = {
        row.list_id: (row.people, row.confirmed)
        for row in db.session.execute(
            select(
                UnitListRow.list_id,
                func.count().label("people"),
                func.count(UnitListRow.confirmed_at).label("confirmed"),
            )
            .where(UnitListRow.list_id.in_([r.id for r in found.items]), UnitListRow.state != "removed")
            .group_by(UnitListRow.list_id)
        )
    }
    return [Listed(one, units[one.unit_id], *counted.get(one.id, (0, 0))) for one in found.items], found.next_cursor


def runs_of(list_id: int) -> list[RunAndSeats]:
    """Return the runs of a list, the next one first."""
    query = select(UnitListRun.run_id).join(CourseRun, CourseRun.id == UnitListRun.run_id)
    query = query.where(UnitListRun.list_id == list_id).order_by(CourseRun.starts_at, CourseRun.id)
    return runs_by_id(db.session.scalars(query).all())


def terms_of(of: UnitList) -> Terms:
    """Return what the lines of a list's uploads share."""
    notices = [one for one in notices_in_force() if one.required]
    consents = [ConsentIn(purpose=one.purpose, version=one.version) for one in notices]
    return Terms([one.run for one in runs_of(of.id)], consents, notices, names_alone=of.link_on)


def runs_for(unit_id: int) -> Sequence[CourseRun]:
    """Return the runs that a unit may fill: published ones to come, for everybody, of the unit's own tree, or with
    places kept for it.
    """
    tree = frozenset(ancestor_ids(unit_id)) | subtree_ids(unit_id)
    kept = select(SeatPool.run_id).where(SeatPool.unit_id.in_(tree), SeatPool.released_at.is_(None))
    query = (
        select(CourseRun)
        .join(CourseRun.syllabus)
        .join(Syllabus.course_type)
        .options(contains_eager(CourseRun.syllabus).contains_eager(Syllabus.course_type))
        .where(
            CourseRun.state == "published", CourseRun.signup_closes_at > clock.now(), CourseType.family != "instructor",
            or_(CourseRun.open_to_all, CourseRun.unit_id.in_(tree), CourseRun.id.in_(kept)),
        )
        .order_by(CourseRun.starts_at, CourseRun.id)
        .limit(100)
    )  # fmt: skip
    return db.session.scalars(query).all()


def list_by_token(token: str) -> UnitList:
    """Return the list of a private link.

    :raise NotFound: when there is none; :raise LinkOff: when the liaison has switched it off
    """
    if not ids.looks_like_token(token):
        raise NotFound
    found = db.session.scalars(select(UnitList).where(UnitList.token_hash == ids.token_hash(token))).first()
    if found is None:
        raise NotFound
    if not found.link_on:
        raise LinkOff
    return found


def link_of(of: UnitList) -> str:
    """Return the private link, for the liaison."""
    return site().link(f"/u/{privacy.unseal(of.token_sealed, place=UnitList.PLACE, row=of.uid)}")


@dataclass(frozen=True)
class Narrowed:
    """Which people of a list are wanted: of one run, and all, ``open`` or ``waiting`` alone.

    ``open`` are those whose word is still to come: not confirmed, and neither withdrawn nor called off.
    """

    run_id: int | None = None
    only: str = ""


def people_of(list_id: int, narrow: Narrowed = Narrowed(), after: int = 0, size: int = 100) -> list[OnList]:
    """Return people of a list in the order they came, behind row ``after``; removed ones left out."""
    query = _people(list_id, narrow).where(UnitListRow.id > after)
    return _with_places(query.order_by(UnitListRow.id).limit(size))


def _people(list_id: int, narrow: Narrowed) -> Select[UnitListRow]:
    query = select(UnitListRow).where(UnitListRow.list_id == list_id, UnitListRow.state != "removed")
    if narrow.run_id is not None:
        query = query.where(UnitListRow.run_id == narrow.run_id)
    if narrow.only == "open":
        query = query.join(Signup, Signup.id == UnitListRow.signup_id, isouter=True).where(
            UnitListRow.confirmed_at.is_(None), or_(UnitListRow.state == "named", Signup.state.in_((*LIVE, "moved")))
        )
    if narrow.only == "waiting":
        query = query.join(Signup, Signup.id == UnitListRow.signup_id).where(Signup.state == "waitlisted")
    return query


def count_of(list_id: int, narrow: Narrowed) -> int:
    """Return how many people of a list are wanted."""
    return db.session.scalar(select(func.count()).select_from(_people(list_id, narrow).subquery())) or 0


def figures_of(list_id: int) -> dict[str, int]:
    """Return how many people a list has, and of them: confirmed by themselves, seated, waiting, only named."""
    seated = func.count().filter(Signup.state.in_(SEATED))
    waiting = func.count().filter(Signup.state == "waitlisted")
    row = db.session.execute(
        select(
            func.count().label("people"), func.count(UnitListRow.confirmed_at).label("confirmed"),
            seated.label("seated"), waiting.label("waiting"),
            func.count().filter(UnitListRow.state == "named").label("named"),
        )
        .select_from(UnitListRow)
        .join(Signup, Signup.id == UnitListRow.signup_id, isouter=True)
        .where(UnitListRow.list_id == list_id, UnitListRow.state != "removed")
    ).one()  # fmt: skip
    return dict(row._asdict())


def one_of(list_id: int, row_id: int) -> OnList:
    """Return one person of a list.

    :raise NotFound: when there is none, or it was removed
    """
    found = _with_places(
        select(UnitListRow).where(
            UnitListRow.list_id == list_id, UnitListRow.id == row_id, UnitListRow.state != "removed"
        )
    )
    if not found:
        raise NotFound
    return found[0]


def people_with(list_id: int, signup_id: int) -> list[OnList]:
    """Return the person of a list who holds this sign-up."""
    return _with_places(select(UnitListRow).where(UnitListRow.list_id == list_id, UnitListRow.signup_id == signup_id))


def rows_with_places(row_ids: Sequence[int]) -> list[OnList]:
    """Return these rows with their places, whatever their state."""
    return _with_places(select(UnitListRow).where(UnitListRow.id.in_(row_ids)))


def _with_places(query: Select[UnitListRow]) -> list[OnList]:
    rows = db.session.scalars(query).all()
    ids_of = [row.signup_id for row in rows if row.signup_id]
    signups = {one.id: one for one in db.session.scalars(select(Signup).where(Signup.id.in_(ids_of)))}
    _follow_moves(signups)
    people = [one.person_id for one in signups.values()]
    persons = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(people)))}
    ranks = _ranks([one for one in signups.values() if one.position is not None])
    found = []
    for row in rows:
        signup = signups.get(row.signup_id or 0)
        person = persons.get(signup.person_id) if signup else None
        found.append(OnList(row, signup, person, ranks.get(signup.id) if signup else None))
    return found


def _follow_moves(signups: dict[int, Signup]) -> None:
    """Put the place that a moved sign-up became in its stead, a query for each step of moving."""
    for _ in range(20):
        moved = {one.id: key for key, one in signups.items() if one.state == "moved"}
        if not moved:
            return
        after = db.session.scalars(select(Signup).where(Signup.moves_from_id.in_(moved)).order_by(Signup.id)).all()
        if not after:
            return
        for one in after:
            signups[moved[one.moves_from_id or 0]] = one


def _ranks(waiting: Sequence[Signup]) -> dict[int, int]:
    """Return {signup id: place in the line} of these, a query for each pool."""
    found: dict[int, int] = {}
    for pool_id in {one.pool_id for one in waiting}:
        line = (
            select(Signup.id).where(Signup.pool_id == pool_id, Signup.state == "waitlisted").order_by(Signup.position)
        )
        found |= {signup_id: rank for rank, signup_id in enumerate(db.session.scalars(line), 1)}
    return found


def is_live(one: OnList) -> bool:
    """Return whether somebody holds or awaits a place, or is still to bring the document."""
    return one.row.state == "named" or (one.signup is not None and one.signup.state in LIVE)
