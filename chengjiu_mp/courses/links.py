"""The links of posters that stand for many runs: made once for a series, a venue or a unit, and opened by anybody."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, select, true
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, context, ids, privacy
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.errors import UnknownChoice
from chengjiu_mp.courses.policy import units_in_scope
from chengjiu_mp.courses.queries import RunAndSeats, RunFilter, runs_open_for_signup
from chengjiu_mp.courses.series_models import CourseSeries, PosterLink
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.queries import subtree_ids
from chengjiu_mp.venues.models import Venue

LINKING_ROLES = ("operator", "unit_manager")
# Whose staff may make and print the link of a target.
_UNITS = {
    "series": select(CourseSeries.unit_id).where(CourseSeries.id == bindparam("target")),
    "venue": select(Venue.unit_id).where(Venue.id == bindparam("target"), Venue.active),
    "unit": select(Unit.id).where(Unit.id == bindparam("target"), Unit.active),
}
# Where the person who scanned can go: a seat, a line, a date to come back.
_PHASES = ("open", "full", "not_open")


@dataclass(frozen=True)
class LinkShown:
    """A link with what it stands for. ``unit_id`` is the unit whose staff may print it; ``address`` a venue's."""

    link: PosterLink
    title: str
    unit_id: int
    address: str = ""

    @property
    def url(self) -> str:
        return site().link(f"/s/{link_token(self.link)}")


def link_to(kind: str, target_id: int) -> PosterLink:
    """Return the lasting link of a series, a venue or a unit, made now if there is none yet.

    :raise UnknownChoice: for another kind; :raise NotFound: when the target is missing or out of the caller's scope
    """
    if kind not in _UNITS:
        raise UnknownChoice(field="kind")
    unit_id = _unit_of(kind, target_id)
    scope = units_in_scope(context.principal(), (*LINKING_ROLES, "system"))
    if scope is not None and unit_id not in scope:
        raise NotFound(field="target_id")
    column = getattr(PosterLink, f"{kind}_id")
    there = select(PosterLink).where(column == target_id)
    return db.session.scalars(there).first() or _made(kind, target_id, unit_id) or db.session.scalars(there).one()


def _made(kind: str, target_id: int, unit_id: int) -> PosterLink | None:
    uid, token = ids.new_uid(), ids.new_token()
    link = PosterLink(
        uid=uid, token_hash=ids.token_hash(token), token_sealed=privacy.seal(token, place=PosterLink.PLACE, row=uid),
        kind=kind, created_by=context.principal().account_id, **{f"{kind}_id": target_id},
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(link)
    except IntegrityError as exc:
        if violated(exc, f"uq_poster_link_{kind}_id"):
            return None  # two people asked at once; the first one's link is the link
        raise
    audit.record("link.made", link, unit_id=unit_id, what=kind)
    return link


def link_token(link: PosterLink) -> str:
    return privacy.unseal(link.token_sealed, place=PosterLink.PLACE, row=link.uid)


def link_by_token(token: str) -> LinkShown:
    """Return what a poster's link stands for.

    :raise NotFound: when it is nobody's
    """
    if not ids.looks_like_token(token):
        raise NotFound
    return _one(PosterLink.token_hash == ids.token_hash(token))


def link_shown(link_id: int) -> LinkShown:
    """Return a link in the caller's scope.

    :raise NotFound: when it is missing or out of scope
    """
    found, scope = _one(PosterLink.id == link_id), units_in_scope(context.principal())
    if scope is not None and found.unit_id not in scope:
        raise NotFound
    return found


def links_in_scope() -> list[LinkShown]:
    """Return the links that the caller may print, the newest first."""
    scope = units_in_scope(context.principal())
    return [one for one in _read(true()) if scope is None or one.unit_id in scope]


def _one(condition: ColumnElement[bool]) -> LinkShown:
    found = _read(condition)
    if not found:
        raise NotFound
    return found[0]


def _read(condition: ColumnElement[bool]) -> list[LinkShown]:
    query = (
        select(PosterLink, CourseSeries, Venue, Unit)
        .outerjoin(CourseSeries, CourseSeries.id == PosterLink.series_id)
        .outerjoin(Venue, Venue.id == PosterLink.venue_id)
        .outerjoin(Unit, Unit.id == PosterLink.unit_id)
        .where(condition)
        .order_by(PosterLink.id.desc())
    )
    return [_shown(*row) for row in db.session.execute(query)]


def _shown(link: PosterLink, series: CourseSeries | None, venue: Venue | None, unit: Unit) -> LinkShown:
    """Exactly one of the three is there: the table's CHECK sees to it."""
    if series is not None:
        return LinkShown(link, series.title, series.unit_id)
    if venue is not None:
        return LinkShown(link, venue.name, venue.unit_id, venue.address)
    return LinkShown(link, unit.name, unit.id)


def filter_of(link: PosterLink) -> RunFilter:
    """Return what the list behind a link is narrowed to."""
    units = subtree_ids(link.unit_id) if link.unit_id else None
    return RunFilter(unit_ids=units, venue_id=link.venue_id, series_id=link.series_id)


def runs_behind(link: LinkShown) -> list[RunAndSeats]:
    """Return the published runs that a link leads to: those with a seat first, each group by its day."""
    found = [one for one in runs_open_for_signup(filter_of(link.link)) if one.phase in _PHASES]
    return sorted(found, key=lambda one: _PHASES.index(one.phase))


def _unit_of(kind: str, target_id: int) -> int:
    unit_id = db.session.scalar(_UNITS[kind], {"target": target_id})
    if unit_id is None:
        raise NotFound(field="target_id")
    return unit_id
