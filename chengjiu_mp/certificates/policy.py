"""Who may see and change certificates (rel 3.7); out of scope looks like missing (rel-Z2)."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun

PICTURE_ROLES = frozenset({"unit_manager", "operator", "approver"})
OFFICE_ROLES = PICTURE_ROLES | {"auditor"}


def certificates_visible_to(who: Principal, roles: Iterable[str] = OFFICE_ROLES) -> ColumnElement[bool]:
    """Return the condition on Certificate that leaves what grants of ``roles`` open."""
    ways = [_in(grant) for grant in who.grants if grant.role in frozenset(roles)]
    return or_(*ways) if ways else false()


def certificate_for(
    who: Principal, certificate_id: int, *, roles: Iterable[str] = OFFICE_ROLES, writing: bool = False
) -> Certificate:
    """Return a certificate in the caller's scope.

    :param writing: leave read-only grants out
    :raise NotFound: when it is missing or out of scope; both look alike
    """
    if writing:
        who = Principal(account_id=who.account_id, grants=tuple(g for g in who.grants if not g.read_only))
    here = (Certificate.id == certificate_id, certificates_visible_to(who, roles))
    row = db.session.scalars(select(Certificate).where(*here)).first()
    if row is None:
        raise NotFound
    return row


def _in(grant: Grant) -> ColumnElement[bool]:
    """A unit sees its own people wherever they were certified, and everybody of the runs it held."""
    kept: list[ColumnElement[bool]] = []
    if grant.unit_ids is not None:
        held = select(CourseRun.id).where(CourseRun.unit_id.in_(grant.unit_ids))
        kept.append(or_(Certificate.owner_unit_id.in_(grant.unit_ids), Certificate.run_id.in_(held)))
    if grant.sector_id:
        kept.append(Certificate.sector_id == grant.sector_id)
    if grant.key_group:
        kept.append(Certificate.key_group == grant.key_group)
    return and_(*kept) if kept else true()
