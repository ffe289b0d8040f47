"""进度公示: the plan's progress for everybody. The plan's own order, no rank, nobody called behind."""

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import clock
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.reports.progress import progress, years_with_targets
from chengjiu_mp.reports.schemas import ProgressQuery
from chengjiu_mp.units import plan_2022

blueprint = Blueprint("board", __name__)


@blueprint.get("/board")
@access(PUBLIC)
def board() -> str:
    """Show a year's totals, the 百千万 counters, six sectors and the 20 rows."""
    asked = from_pairs(ProgressQuery, request.args)
    year = asked.year or clock.today().year
    return render_template(
        "h5/board.html", title="进度公示", shown=progress(year), plan=plan_2022, years=year_chips("board.board", year),
        back="/",
    )  # fmt: skip


def year_chips(endpoint: str, year: int) -> list[dict[str, object]]:
    """Return the switch between years that have a document, the current one and the one shown; newest first."""
    years = {*years_with_targets(), clock.today().year, year}
    return [{"label": f"{y}年", "href": url_for(endpoint, year=y), "current": y == year} for y in sorted(years)[::-1]]
