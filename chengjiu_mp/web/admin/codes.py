"""The mini-program code of a run or of a poster's link, to print where WeChat is connected."""

from flask import Blueprint, Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.courses import links, queries
from chengjiu_mp.courses.policy import runs_visible_to
from chengjiu_mp.courses.scene_api import code_picture

blueprint = Blueprint("console_codes", __name__, url_prefix="/console/codes")


@blueprint.get("/runs/<row:run_id>")
@access(STAFF)
def of_run(run_id: int) -> Response:
    """Save the code of a run's sign-up page."""
    found = queries.run_shown(run_id, runs_visible_to(context.principal()))
    return code_picture(queries.run_url(found.run), f"mini-code-run-{run_id}")


@blueprint.get("/links/<row:link_id>")
@access(STAFF)
def of_link(link_id: int) -> Response:
    """Save the code of a lasting link."""
    return code_picture(links.link_shown(link_id).url, f"mini-code-link-{link_id}")
