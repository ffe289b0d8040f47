"""人群类别: each sign-up has exactly one, frozen on it; what is counted by group sums to the whole."""

from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import SEATED, Signup
from chengjiu_mp.units.models import KEY_GROUPS


def seated_by_group(run_id: int) -> dict[str, int]:
    """Return {group: how many hold a seat} in the plan's order, groups without anybody left out."""
    query = select(Signup.key_group, func.count()).where(Signup.run_id == run_id, Signup.state.in_(SEATED))
    found = {row[0]: row[1] for row in db.session.execute(query.group_by(Signup.key_group))}
    return {KEY_GROUPS[code]: found[code] for code in KEY_GROUPS if code in found}
