"""Whose rows a caller's figures are made of: the same grants narrow lists, counts and drill-downs (rel-Z3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, true

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.units.policy import OFFICE_ROLES, open_units


@dataclass(frozen=True)
class Scope:
    """``grants`` None: everything, which the public board shows as totals; otherwise the caller's office grants."""

    grants: tuple[Grant, ...] | None = None

    @property
    def whole(self) -> bool:
        """Return whether nothing is left out."""
        return self.grants is None

    def units(self) -> frozenset[int] | None:
        """Return the units held as such, without a limit on sector or key group; None means every unit."""
        return None if self.grants is None else open_units(Principal(grants=self.grants))

    def certificates(self) -> ColumnElement[bool]:
        """Return the condition on Certificate: owner unit, sector and key group as frozen at issue."""
        if self.grants is None:
            return true()
        return _any(
            _all(
                Certificate.owner_unit_id.in_(g.unit_ids) if g.unit_ids is not None else None,
                Certificate.sector_id == g.sector_id if g.sector_id else None,
                Certificate.key_group == g.key_group if g.key_group else None,
            )
            for g in self.grants
        )

    def signups(self) -> ColumnElement[bool]:
        """Return the condition on Signup: owner unit, sector and key group as frozen on it."""
        if self.grants is None:
            return true()
        return _any(
            _all(
                Signup.owner_unit_id.in_(g.unit_ids) if g.unit_ids is not None else None,
                Signup.sector_id == g.sector_id if g.sector_id else None,
                Signup.key_group == g.key_group if g.key_group else None,
            )
            for g in self.grants
        )

    def runs(self) -> ColumnElement[bool]:
        """Return the condition on CourseRun: the unit that holds it, its sector and key group."""
        if self.grants is None:
            return true()
        return _any(
            _all(
                CourseRun.unit_id.in_(g.unit_ids) if g.unit_ids is not None else None,
                CourseRun.sector_id == g.sector_id if g.sector_id else None,
                CourseRun.key_group == g.key_group if g.key_group else None,
            )
            for g in self.grants
        )


EVERYTHING = Scope()


def scope_of(who: Principal) -> Scope:
    """Return what the caller's office grants open; a grant without any limit opens everything."""
    grants = tuple(g for g in who.grants if g.role in OFFICE_ROLES)
    if any(g.unit_ids is None and not g.sector_id and not g.key_group for g in grants):
        return EVERYTHING
    return Scope(grants)


def _any(ways: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    found = list(ways)
    return or_(*found) if found else false()


def _all(*conditions: ColumnElement[bool] | None) -> ColumnElement[bool]:
    kept = [c for c in conditions if c is not None]
    return and_(*kept) if kept else true()
