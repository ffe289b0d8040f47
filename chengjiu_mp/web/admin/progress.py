"""任务进度 for staff: rank, pace and forecast, and the rows behind every figure, within the caller's scope."""

from typing import Any

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.core.parsing import from_pairs
from chengjiu_mp.reports import drilldown, pace
from chengjiu_mp.reports.api import asked_by
from chengjiu_mp.reports.figures import Figure, Line, Progress
from chengjiu_mp.reports.policy import scope_of
from chengjiu_mp.reports.progress import progress
from chengjiu_mp.reports.schemas import ProgressQuery, ProgressRowsQuery
from chengjiu_mp.units import plan_2022
from chengjiu_mp.units.models import KEY_GROUPS, Sector, Unit
from chengjiu_mp.units.queries import plan_rows, sectors
from chengjiu_mp.web.admin.classes import where_of
from chengjiu_mp.web.h5.board import year_chips
from chengjiu_mp.web.templating import date_long, percent

blueprint = Blueprint("console_progress", __name__, url_prefix="/console/progress")

_WORDS = {"单位", "进度", "六进"}


def _columns_of(*labels: str) -> list[dict[str, Any]]:
    return [{"label": label, "num": label not in _WORDS} for label in labels]


CERTIFIED = _columns_of("单位", "持证", "任务", "完成率", "名次", "按时间应完成", "照此全年约", "进度")
OTHERS = _columns_of("单位", "其中初级", "任务", "普及", "普及任务", "完成率", "线上", "场次")
SECTOR_COLUMNS = _columns_of("六进", "持证", "普及", "线上", "场次")
METRICS = {
    "certified": "新增持证", "junior": "其中初级救护员", "popular": "普及培训（现场）", "online": "普及培训（线上）",
    "runs": "已办场次", "trained": "持证班参训",
}  # fmt: skip


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show a year's progress with rank, pace and forecast."""
    year = from_pairs(ProgressQuery, request.args).year or clock.today().year
    scope = scope_of(context.principal())
    shown = progress(year, scope)
    ranks = pace.ranks({line.unit_id: line.certified for line in _whole(shown, year).rows})
    stray = shown.unassigned.certified.done or shown.unassigned.runs
    lines = [*shown.rows, *([shown.unassigned] if stray else []), shown.totals]
    return render_template(
        "admin/progress.html", title="任务进度", shown=shown, whole=scope.whole, plan=plan_2022,
        years=year_chips("console_progress.index", year), tables=(
            ("持证", CERTIFIED, [_certified(shown, line, ranks.get(line.unit_id)) for line in lines]),
            ("初级、普及和场次", OTHERS, [_others(shown, line) for line in lines]),
        ),
        sector_columns=SECTOR_COLUMNS, sectors=[_sector(year, one) for one in shown.sectors], unproved=_unproved(year),
        share=percent(pace.share_of_year(year, shown.as_of), 1), counters=_counters(shown, whole=scope.whole),
    )  # fmt: skip


def _unproved(year: int) -> int:
    return drilldown.heads_without_evidence(context.principal(), year)


def _whole(shown: Progress, year: int) -> Progress:
    """A row's place is among all twenty, which the public board shows anyway."""
    return shown if len(shown.rows) == len(plan_rows()) else progress(year)


def _certified(shown: Progress, line: Line, place: int | None = None) -> list[Any]:
    figure, at = line.certified, pace.pace_of(line.certified, shown.year, shown.as_of)
    word: Any = None
    if figure.target:
        word = {"text": "慢于时间", "tone": "warn"} if at.behind else {"text": "按进度", "tone": ""}
        word = {"text": "已完成", "tone": "ok"} if figure.done >= figure.target else word
    share = percent(figure.done, figure.target)
    return [line.name, _cell(shown, line, "certified"), figure.target, share, place, at.expected, at.forecast, word]


def _others(shown: Progress, line: Line) -> list[Any]:
    junior, popular, online, runs = (_cell(shown, line, metric) for metric in ("junior", "popular", "online", "runs"))
    target = line.popular.target
    return [line.name, junior, line.junior.target, popular, target, percent(line.popular.done, target), online, runs]


def _cell(shown: Progress, line: Line, metric: str) -> Any:
    where = {} if line is shown.totals else {"unit_id": line.unit_id}
    return _link(shown.year, metric, _done(line, metric), **where)


def _done(line: Line, metric: str) -> int:
    value = getattr(line, metric)
    return value.done if isinstance(value, Figure) else int(value)


def _sector(year: int, one: Any) -> list[Any]:
    metrics = ("certified", "popular", "online", "runs")
    cells = [_link(year, metric, getattr(one, metric), sector_id=one.sector_id) for metric in metrics]
    return [f"进{one.name}", *cells]


def _link(year: int, metric: str, value: int, **where: Any) -> Any:
    return {"href": url_for(".rows", year=year, metric=metric, **where), "text": f"{value:,}"} if value else 0


def _counters(shown: Progress, *, whole: bool) -> list[dict[str, Any]]:
    """The goals are the city's: a part of it shows its figures alone."""
    found = shown.counters
    since: dict[str, Any] = {"year": shown.year, "since_start": "true"}
    unknown = f"另有 {found.instructors_unknown} 人待核实" if found.instructors_unknown else ""
    cards = (
        ("百：在册有效师资", found.instructors, "100 人", unknown, url_for("console_instructors.index")),
        ("千：已办培训", found.runs, "1,000 场", "", url_for(".rows", metric="runs", **since)),
        (
            "万：掌握救护知识",
            found.people,
            "10 万人次",
            "普及现场人次加持证",
            url_for(".rows", metric="popular", **since),
        ),
        ("其中持证", found.certified, "1.5 万人次", "", url_for(".rows", metric="certified", **since)),
    )
    return [
        {"label": label, "value": value, "unit": f"/ {goal}" if whole else goal.lstrip("0123456789,. 万"),
         "note": note, "href": href}
        for label, value, goal, note, href in cards
    ]  # fmt: skip


@blueprint.get("/rows")
@access(STAFF)
def rows() -> str:
    """Show the certificates or runs behind one figure."""
    query = from_pairs(ProgressRowsQuery, request.args)
    asked, who = asked_by(query), context.principal()
    found = drilldown.rows_behind(who, asked, query.cursor)
    following: dict[str, Any] = {**request.args.to_dict(), "cursor": found.next_cursor}
    kept: dict[str, Any] = {"since": query.since, "until": query.until, "unit_id": query.unit_id}
    back = url_for("console_classes.index", **kept) if asked.days else url_for(".index", year=asked.year)
    return render_template(
        "admin/progress_rows.html", title=METRICS[asked.metric], back=back,
        where=_where(asked), total=drilldown.total_behind(who, asked), limited=not scope_of(who).whole,
        columns=_columns(asked), rows=[_behind(one) for one in found.items],
        following=url_for(".rows", **following) if found.next_cursor else "", asked=asked,
    )  # fmt: skip


def _columns(asked: drilldown.Asked) -> list[Any]:
    if asked.metric in ("certified", "junior"):
        return ["证书编号", "姓名", "类别", "计入单位", "发证日期"]
    if asked.metric == "trained":
        return ["姓名", "类别", "计入单位", "最后一课", "场次"]
    return ["场次", "类别", "主办单位", "最后一课", {"label": "计入", "num": True}, "佐证"]


def _behind(one: drilldown.Behind) -> list[Any]:
    if one.kind == "certificate":
        return [{"text": one.number, "href": f"/console/certificates/{one.id}"}, one.text, one.course, one.unit, one.on]
    if one.kind == "signup":
        return [one.text, one.course, one.unit, one.on, {"text": "看场次", "href": f"/console/runs/{one.run_id}"}]
    shown = {"text": "待补佐证", "tone": "warn"} if one.lacks_evidence else None
    return [{"text": one.text, "href": f"/console/runs/{one.id}"}, one.course, one.unit, one.on, one.count, shown]


def _where(asked: drilldown.Asked) -> str:
    sector = f"进{_name(sectors(), asked.sector_id)}" if asked.sector_id else ""
    group = KEY_GROUPS[asked.key_group] if asked.key_group else ""
    years = f"{plan_2022.FIRST_YEAR}—{asked.year}年" if asked.since_start else f"{asked.year}年"
    if asked.days:
        years = "至".join(date_long(day) for day in asked.days)
    return " · ".join(part for part in (years, where_of(asked.unit_id), group, sector) if part)


def _name(among: Any, wanted: int | None) -> str:
    found: Unit | Sector | None = next((one for one in among if one.id == wanted), None)
    return found.name if found else ""
