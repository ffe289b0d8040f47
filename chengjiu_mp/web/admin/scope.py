"""Pages of the whole city: a grant over one unit or sector does not open them."""

from chengjiu_mp.core import context
from chengjiu_mp.core.errors import NotAllowed


def require_city(*roles: str, writing: bool = False) -> None:
    """Let a caller pass who holds one of ``roles`` without a limit.

    :param writing: a grant that only reads does not count
    :raise NotAllowed: when every such grant is limited
    """
    grants = (g for g in context.principal().grants if g.role in roles and not (writing and g.read_only))
    if not any(g.unit_ids is None and g.sector_id is None and g.key_group is None for g in grants):
        raise NotAllowed
