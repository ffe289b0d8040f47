"""Series in the console: the list, and one series with its runs, its link and what is still to be published."""

from flask import Blueprint, render_template, url_for

from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.courses import series
from chengjiu_mp.courses.links import LINKING_ROLES
from chengjiu_mp.courses.publishing import PUBLISHING_ROLES
from chengjiu_mp.web.admin.run_rows import RUN_COLUMNS, run_rows

blueprint = Blueprint("console_series", __name__, url_prefix="/console/series")

_COLUMNS = ["系列", {"label": "场次", "num": True}, {"label": "草稿", "num": True}]


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """List the series in scope."""
    rows = [
        [{"text": one.title, "href": url_for(".show", series_id=one.id)}, runs, drafts]
        for one, runs, drafts in series.series_listed()
    ]
    return render_template(
        "admin/series_list.html", title="系列场次", back=url_for("console_runs.index"), columns=_COLUMNS, rows=rows
    )


@blueprint.get("/<row:series_id>")
@access(STAFF)
def show(series_id: int) -> str:
    """Show a series."""
    found, caller = series.series_in_scope(series_id), context.principal()
    runs = series.runs_of_series(series_id)
    return render_template(
        "admin/series.html", title=found.title, back=url_for(".index"), series=found, columns=RUN_COLUMNS,
        rows=run_rows(runs), drafts=sum(one.run.state == "draft" for one in runs),
        publisher=caller.has(*PUBLISHING_ROLES), may_link=caller.has(*LINKING_ROLES),
    )  # fmt: skip
