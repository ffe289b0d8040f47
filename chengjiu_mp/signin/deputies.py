"""代理: an approver who is away names somebody who approves in their place, from a day to a day (rulings: who decides).

A deputy's grant is a copy of the approver's own with an end, so it opens nothing that the approver may not do. A deputy
names no further deputy, and who submitted or proposed still does not decide: that is judged where it is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.signin.errors import DeputyDates, DeputyNamed, DeputyUnknown, NotToDeputize
from chengjiu_mp.signin.models import Account, RoleGrant
from chengjiu_mp.signin.service import grant_role
from chengjiu_mp.units.queries import subtree_ids

ROLE = "approver"
# Longer than that is no absence: then somebody is given the role itself. 待业务核实.
LONGEST = timedelta(days=60)
STAFF = ("unit_manager", "operator", "approver")


@dataclass(frozen=True)
class Deputy:
    """A grant with an end, and who holds it."""

    grant: RoleGrant
    name: str


def standing_grants(who: Principal) -> Sequence[RoleGrant]:
    """Return the caller's own grants to approve that have no end: those that may be lent."""
    if who.account_id is None:
        return ()
    own = (RoleGrant.account_id == who.account_id, RoleGrant.role == ROLE, RoleGrant.valid_to.is_(None))
    return db.session.scalars(
        select(RoleGrant).where(*own, RoleGrant.read_only.is_(False)).order_by(RoleGrant.id)
    ).all()


def deputies_of(who: Principal) -> list[Deputy]:
    """Return who stands in, now or later, over a scope of the caller's; the first to begin first."""
    mine = standing_grants(who)
    if not mine:
        return []
    rows = db.session.execute(
        select(RoleGrant, Account.name)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.role == ROLE, RoleGrant.valid_to >= clock.today(), or_(*(_same_scope(one) for one in mine)))
        .order_by(RoleGrant.valid_from, RoleGrant.id)
    )
    return [Deputy(grant, name) for grant, name in rows]


def candidates(who: Principal) -> list[tuple[int, str]]:
    """Return (account, name) of the staff whom the caller may name: of the scope that they approve themselves."""
    mine, today = standing_grants(who), clock.today()
    if not mine:
        return []
    current = and_(
        RoleGrant.role.in_(STAFF), RoleGrant.read_only.is_(False),
        or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today),
    )  # fmt: skip
    query = (
        select(Account.id, Account.name)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(Account.active, Account.id != who.account_id, Account.name != "", current)
        .order_by(Account.name, Account.id)
        .distinct()
    )
    if all(one.unit_id for one in mine):
        units = frozenset().union(*(subtree_ids(one.unit_id) for one in mine if one.unit_id))
        query = query.where(RoleGrant.unit_id.in_(units))
    return [(account_id, name) for account_id, name in db.session.execute(query)]


def name_deputy(who: Principal, grant_id: int, account_id: int, first: date, last: date) -> RoleGrant:
    """Lend one of the caller's own grants to a colleague, from a day to a day, both included.

    :raise NotToDeputize: not the caller's, with an end, or read-only; :raise DeputyUnknown: not one of the candidates
    :raise DeputyDates: in the past, the wrong way round, or longer than sixty days
    :raise DeputyNamed: they stand in over this scope in that time already
    """
    lent = next((one for one in standing_grants(who) if one.id == grant_id), None)
    if lent is None:
        raise NotToDeputize
    if account_id not in {one for one, _ in candidates(who)}:
        raise DeputyUnknown(field="account_id")
    if first < clock.today():
        raise DeputyDates("代理从今天或以后的某一天开始。", field="first")
    if not first <= last <= first + LONGEST:
        raise DeputyDates(field="last")
    # The account's row is the lock: two who name the same person at once follow each other.
    account = db.session.scalars(select(Account).where(Account.id == account_id).with_for_update()).one()
    overlaps = and_(RoleGrant.valid_to >= first, or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= last))
    held = (RoleGrant.account_id == account.id, RoleGrant.role == ROLE, _same_scope(lent))
    if db.session.scalar(select(RoleGrant.id).where(*held, or_(RoleGrant.valid_to.is_(None), overlaps)).limit(1)):
        raise DeputyNamed
    made = grant_role(
        account, ROLE, unit_id=lent.unit_id, sector_id=lent.sector_id, key_group=lent.key_group, valid=(first, last)
    )
    days = {"first": first.isoformat(), "last": last.isoformat()}
    audit.record("deputy.named", made, unit_id=lent.unit_id, account=account.id, **days)
    return made


def end_deputy(who: Principal, grant_id: int) -> None:
    """End a deputy's time with yesterday; at their next request they approve nothing any more.

    :raise NotFound: over, or not over a scope of the caller's
    """
    found = next((one.grant for one in deputies_of(who) if one.grant.id == grant_id), None)
    if found is None:
        raise NotFound
    db.session.execute(
        update(RoleGrant).where(RoleGrant.id == found.id).values(valid_to=clock.today() - timedelta(days=1))
    )
    db.session.refresh(found)
    audit.record("deputy.ended", found, unit_id=found.unit_id, account=found.account_id)


def _same_scope(of: RoleGrant) -> ColumnElement[bool]:
    return and_(
        RoleGrant.unit_id.is_not_distinct_from(of.unit_id), RoleGrant.sector_id.is_not_distinct_from(of.sector_id),
        RoleGrant.key_group.is_not_distinct_from(of.key_group),
    )  # fmt: skip
