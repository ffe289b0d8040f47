"""A month of runs for programs: copies, series, publishing many, and the links of posters."""

from flask import Blueprint

from chengjiu_mp.core import access, context, ids
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses import api, drafting, errors, links, month_schemas, schemas, series
from chengjiu_mp.courses.copying import draft_like, pattern_of
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.publishing_many import publish_all

blueprint = Blueprint("month", __name__, url_prefix="/api/v1")

_REPEAT_EXAMPLE = {
    "weekdays": [5], "first": "2026-12-05", "begins": "14:00", "ends": "17:00", "count": 4, "dry_run": True,
}  # fmt: skip


@route(blueprint, "POST", "/runs/<row:run_id>/copy", api.DRAFTERS, status=201,
       example={"starts_at": "2026-12-05T14:00:00+08:00"},
       refusals=(NotFound, errors.UnknownChoice, errors.RunTimesWrong))  # fmt: skip
def copy_run(run_id: int, body: month_schemas.CopyIn) -> schemas.RunAndWarningsOut:
    """Draft a run like this one on another day, with everything but its date."""
    return api.drafted(drafting.draft_run(draft_like(_mine(run_id), body.starts_at)).id)


@route(blueprint, "POST", "/runs/<row:run_id>/repeat", api.DRAFTERS, example=_REPEAT_EXAMPLE,
       refusals=(NotFound, errors.UnknownChoice, errors.RunTimesWrong, series.NoDates,
                 series.TooManyDates))  # fmt: skip
def repeat_run(run_id: int, body: month_schemas.RepeatIn) -> month_schemas.SeriesOut:
    """Draft a series of runs like this one, week by week; a dry run says the dates and what speaks against them."""
    run = _mine(run_id)
    when = body.model_dump(exclude={"title", "dry_run", "weekdays"})
    if body.begins >= body.ends:
        raise errors.RunTimesWrong(field="ends")
    dates = series.planned(series.Weekly(frozenset(body.weekdays), **when), pattern_of(run))
    said = [month_schemas.PlannedOut(day=one.day, skipped=one.draft is None, warnings=_warned(one)) for one in dates]
    if body.dry_run:
        return month_schemas.SeriesOut(id=None, url=None, run_ids=[], dates=said)
    made = series.make_series(ids.new_uid(), body.title, [one.draft for one in dates if one.draft])
    run_ids = [one.run.id for one in series.runs_of_series(made.id)]
    return month_schemas.SeriesOut(id=made.id, url=_link("series", made.id).url, run_ids=run_ids, dates=said)


@route(blueprint, "POST", "/runs/publish", api.PUBLISHERS, example={"run_ids": [1, 2]}, refusals=(NotFound,))
def publish_runs(body: month_schemas.PublishManyIn) -> month_schemas.PublishedManyOut:
    """Make drafts public, all or none; those that are public already are left as they are."""
    return month_schemas.PublishedManyOut(run_ids=[run.id for run in publish_all(body.run_ids)])


@route(blueprint, "POST", "/links", access.roles(*links.LINKING_ROLES), example={"kind": "venue", "target_id": 1},
       refusals=(NotFound,))  # fmt: skip
def make_link(body: month_schemas.LinkIn) -> month_schemas.LinkOut:
    """Give the lasting link of a series, a venue or a unit: what it opens always lists its next runs."""
    return _link(body.kind, body.target_id)


def _link(kind: str, target_id: int) -> month_schemas.LinkOut:
    found = links.link_shown(links.link_to(kind, target_id).id)
    return month_schemas.LinkOut(id=found.link.id, kind=kind, title=found.title, url=found.url)


def _warned(one: series.Planned) -> list[schemas.WarnedOut]:
    return [schemas.WarnedOut.model_validate(said) for said in one.warnings]


def _mine(run_id: int) -> CourseRun:
    return run_for(context.principal(), run_id, roles=drafting.DRAFTING_ROLES)
