"""Publishing the drafts of a series or of a month in one action."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.month import drafts_of_month, month_of
from chengjiu_mp.courses.policy import runs_visible_to, writing_as
from chengjiu_mp.courses.publishing import PUBLISHING_ROLES
from chengjiu_mp.courses.publishing_many import publish_all, warnings_once
from chengjiu_mp.courses.queries import RunAndSeats
from chengjiu_mp.courses.series import drafts_of_series, series_in_scope
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.run_rows import RUN_COLUMNS, run_rows

blueprint = Blueprint("console_publish_many", __name__, url_prefix="/console/drafts")

MAY = roles(*PUBLISHING_ROLES)


class WhichQuery(In):
    series: RowId | None = None
    month: str = Field("", max_length=10)


class PublishPage(WhichQuery):
    run_ids: list[RowId] = Field(min_length=1, max_length=300)


@blueprint.get("/publish")
@access(MAY)
def confirm() -> str:
    """Show which drafts would go public, and what to look at, each thing once."""
    asked = from_pairs(WhichQuery, request.args)
    drafts = _drafts(asked)
    days = {one.run.id: one.run.starts_at for one in drafts}
    return render_template(
        "admin/publish_many.html", title="发布草稿", back=_back(asked), drafts=drafts, asked=asked, days=days,
        columns=RUN_COLUMNS, rows=run_rows(drafts), said=warnings_once(days),
    )  # fmt: skip


@blueprint.post("/publish")
@access(MAY)
def publish() -> Response:
    """Publish the drafts that were shown, all or none."""
    given = from_pairs(PublishPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        publish_all(given.run_ids)
    return redirect(_back(given), 303)


def _drafts(asked: WhichQuery) -> Sequence[RunAndSeats]:
    mine = runs_visible_to(writing_as(context.principal(), PUBLISHING_ROLES))
    if asked.series:
        return drafts_of_series(series_in_scope(asked.series).id, mine)
    return drafts_of_month(month_of(asked.month), mine)


def _back(asked: WhichQuery) -> str:
    if asked.series:
        return url_for("console_series.show", series_id=asked.series)
    return url_for("console_calendar.index", month=f"{month_of(asked.month):%Y-%m}")
