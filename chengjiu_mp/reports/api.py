"""JSON routes of progress: public totals, and for staff the rows behind each figure."""

from typing import Any

from flask import Blueprint

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import PUBLIC, STAFF
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.paging import BadCursor
from chengjiu_mp.reports import drilldown, schemas
from chengjiu_mp.reports.progress import progress

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")


@route(blueprint, "GET", "/progress", PUBLIC)
def read_progress(query: schemas.ProgressQuery) -> schemas.ProgressOut:
    """Progress against the plan: rows in the plan's own order, totals, six sectors, 百千万. No names, no rank."""
    return schemas.ProgressOut.model_validate(progress(query.year or clock.today().year))


@route(blueprint, "GET", "/progress/rows", STAFF, refusals=(NotFound, BadCursor))
def read_progress_rows(query: schemas.ProgressRowsQuery) -> schemas.ProgressRowsOut:
    """The certificates or runs behind a figure, within the caller's scope, newest first."""
    asked, who = asked_by(query), context.principal()
    found = drilldown.rows_behind(who, asked, query.cursor)
    answer: dict[str, Any] = {"items": found.items, "next_cursor": found.next_cursor}
    return schemas.ProgressRowsOut.model_validate({**answer, "total": drilldown.total_behind(who, asked)})


def asked_by(query: schemas.ProgressRowsQuery) -> drilldown.Asked:
    """Return which figure a query asks for."""
    year = query.year or clock.today().year
    return drilldown.Asked(year, query.metric, query.unit_id, query.sector_id, since_start=query.since_start)
