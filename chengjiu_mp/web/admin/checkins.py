"""The roster of a run in the console: the instructor's page, in the staff shell."""

from flask import Blueprint

from chengjiu_mp.core.access import access, roles
from chengjiu_mp.web.h5.teach import show_roster

blueprint = Blueprint("console_checkins", __name__, url_prefix="/console")


@blueprint.route("/runs/<row:run_id>/checkins", methods=["GET", "POST"])
@access(roles("operator"))
def index(run_id: int) -> str:
    """Show who is here and who is missing; a post searches."""
    return show_roster(run_id, "console.html", f"/console/runs/{run_id}")
