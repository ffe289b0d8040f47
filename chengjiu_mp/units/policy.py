"""Which units a caller's grants open. A grant over a sector or a key group alone opens no unit as such."""

from collections.abc import Iterable

from chengjiu_mp.core.context import Principal

OFFICE_ROLES = frozenset({"unit_manager", "operator", "approver", "auditor"})


def open_units(who: Principal, roles: Iterable[str] = OFFICE_ROLES, *, writing: bool = False) -> frozenset[int] | None:
    """Return the unit ids that grants of ``roles`` open; None means every unit, an empty set none.

    :param writing: leave out read-only grants
    """
    wanted, found = frozenset(roles), set[int]()
    for grant in who.grants:
        if grant.role not in wanted or grant.sector_id or grant.key_group or (writing and grant.read_only):
            continue
        if grant.unit_ids is None:
            return None
        found |= grant.unit_ids
    return frozenset(found)
