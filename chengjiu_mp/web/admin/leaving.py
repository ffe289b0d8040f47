"""Who gave a place back, lost it or excused an absence, with the reason they gave."""

from typing import Any

from chengjiu_mp.core import context
from chengjiu_mp.core.day_words import day_time
from chengjiu_mp.courses import signup_queries
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.policy import signups_visible_to


def people_who_left(run_id: int) -> list[dict[str, Any]]:
    """Return rows for ``parts.people``, in the caller's scope, the latest first."""
    rows = signup_queries.left_run(run_id, signups_visible_to(context.principal()))
    return [_row(one) for one in rows]


def _row(signup: Signup) -> dict[str, Any]:
    at = signup.excused_at or signup.ended_at
    word = "请假" if signup.excused_at else {"withdrawn": "已取消"}.get(signup.state, "名额让出")
    if signup.state == "lapsed" and signup.confirm_by is None:
        word = "未排到"
    reason = f"原因：{signup.note}" if signup.note else "没有说原因"
    return {"name": signup.name, "facts": [day_time(at), reason], "state": word, "tone": "plain"}
