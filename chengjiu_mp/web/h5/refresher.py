"""我的复训: an instructor's own due date, history, and whom to call."""

from flask import Blueprint, render_template

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.instructors import policy, queries
from chengjiu_mp.instructors.states import WORDS, due_state

blueprint = Blueprint("refresher", __name__)


@blueprint.get("/teach/refresher")
@access(roles("instructor"))
def mine() -> str:
    """Show the caller's own line of the register."""
    one, today = policy.own_line(context.principal()), clock.today()
    left = (one.refresh_due - today).days if one.refresh_due else None
    return render_template(
        "h5/refresher.html", title="我的复训", back="/teach/", one=one, state=WORDS[due_state(one, today)], left=left,
        unit=queries.unit_names([one])[one.unit_id], refreshers=queries.refreshers_of(one.id),
    )  # fmt: skip
