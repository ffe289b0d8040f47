"""Reads over the tree of units."""

from collections.abc import Sequence

from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.units.models import Sector, Unit


def subtree_ids(unit_id: int) -> frozenset[int]:
    """Return the ids of a unit and everything below it."""
    tree = select(Unit.id).where(Unit.id == unit_id).cte("subtree", recursive=True)
    tree = tree.union(select(Unit.id).join(tree, Unit.parent_id == tree.c.id))
    return frozenset(db.session.scalars(select(tree.c.id)))


def ancestor_ids(unit_id: int) -> list[int]:
    """Return a unit's id and those above it, the nearest first."""
    path: list[int] = []
    here: int | None = unit_id
    while here is not None and here not in path:
        path.append(here)
        here = db.session.scalar(select(Unit.parent_id).where(Unit.id == here))
    return path


def plan_rows() -> Sequence[Unit]:
    """Return the rows of 附件3 in the plan's own order."""
    return db.session.scalars(select(Unit).where(Unit.is_row).order_by(Unit.sort)).all()


def sectors() -> Sequence[Sector]:
    """Return the six sectors (六进) in the plan's order."""
    return db.session.scalars(select(Sector).order_by(Sector.sort)).all()


def units_to_choose(scope: frozenset[int] | None) -> Sequence[Unit]:
    """Return the units in use among ``scope`` (None: all): the plan's rows in their order, then what is below them."""
    query = select(Unit).where(Unit.active)
    if scope is not None:
        query = query.where(Unit.id.in_(scope))
    return db.session.scalars(query.order_by(Unit.is_row.desc(), Unit.sort, Unit.name, Unit.id)).all()
