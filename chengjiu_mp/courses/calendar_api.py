"""A month at a time for programs: the calendar, a month's poster, and a sheet of runs to import."""

from typing import Any

from flask import Blueprint, Response, g, request

from chengjiu_mp.core import access, spreadsheet
from chengjiu_mp.core.db import end_read
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.fonts import installed_fonts
from chengjiu_mp.core.http import route
from chengjiu_mp.core.spreadsheet import SheetRefused
from chengjiu_mp.courses import api, links, month_import, pictures
from chengjiu_mp.courses import calendar_schemas as schemas
from chengjiu_mp.courses.month import month_of, runs_to_print
from chengjiu_mp.courses.month_calendar import CalendarDay, CalendarMonth, calendar_month
from chengjiu_mp.courses.schemas import WarnedOut

blueprint = Blueprint("calendar", __name__, url_prefix="/api/v1")


@route(blueprint, "GET", "/calendar", access.STAFF)
def show_calendar(query: schemas.MonthQuery) -> schemas.CalendarOut:
    """The days of a month with the meetings in the caller's scope, and what clashes."""
    shown = calendar_month(month_of(query.month))
    said = [WarnedOut(code=one.code, sentence=f"{one.mine.title}：{one.sentence}") for one in shown.clashes]
    days = [_day(one, shown) for one in shown.days]
    return schemas.CalendarOut(month=f"{shown.first:%Y-%m}", days=days, clashes=said)


def _day(one: CalendarDay, shown: CalendarMonth) -> schemas.CalendarDayOut:
    entries = [
        schemas.CalendarEntryOut.model_validate({
            "run_id": slot.run_id, "title": slot.title, "starts_at": slot.starts_at, "ends_at": slot.ends_at,
            "venue": slot.venue_name if slot.venue_id else None, "state": slot.state,
            "clashes": sorted(shown.codes.get((slot.run_id, slot.starts_at), ())),
        })
        for slot in one.slots
    ]  # fmt: skip
    return schemas.CalendarDayOut.model_validate(
        {"day": one.day, "kind": one.kind.value, "word": one.word, "entries": entries}
    )


@route(blueprint, "GET", "/links/<row:link_id>/poster.png", access.STAFF, refusals=(NotFound,))
def month_poster(link_id: int, query: schemas.MonthQuery) -> Response:
    """Draw the poster of a month: the link's published runs that have not begun, and its code. A4 at 300 dpi."""
    return poster_of(link_id, query.month)


def poster_of(link_id: int, month: str | None) -> Response:
    """Return the drawing of a link's month, for the console too.

    :raise NotFound: when there is no such link
    """
    found, first = links.link_shown(link_id), month_of(month)
    chain = installed_fonts()
    face = pictures.month_face(found, first, runs_to_print(first, links.filter_of(found.link)), chain)
    end_read()
    reply = Response(pictures.month_png(face, chain), mimetype="image/png")
    reply.headers["Content-Disposition"] = f'inline; filename="poster-{link_id}-{first:%Y-%m}.png"'
    return reply


@route(blueprint, "GET", "/runs/import/template.xlsx", api.DRAFTERS)
def import_template() -> Response:
    """An empty month whose cells offer what the caller may choose."""
    reply = Response(month_import.month_template(), mimetype=spreadsheet.XLSX)
    reply.headers["Content-Disposition"] = 'attachment; filename="runs.xlsx"'
    return reply


def _read_sheet(**_arguments: Any) -> None:
    # A child process decodes it; no transaction waits meanwhile.
    g.sheet = spreadsheet.read(request.get_data(cache=True))


@route(blueprint, "POST", "/runs/import/preview", api.DRAFTERS, before=_read_sheet, refusals=(SheetRefused,))
def preview_import() -> schemas.ImportPreviewOut:
    """Take an xlsx as the raw body and say row by row what importing it would do; nothing is written."""
    made = month_import.preview(g.sheet)
    faults = [schemas.ImportFaultOut(row=row, reasons=reasons) for row, reasons in made.faults.items()]
    rows = [_row(one) for one in made.entries]
    return schemas.ImportPreviewOut(new=len(made.new), rows=rows, faults=faults, left_out=made.left_out)


def _row(one: month_import.Entry) -> schemas.ImportRowOut:
    first, last = one.draft.meetings[0], one.draft.meetings[-1]
    return schemas.ImportRowOut(
        row=one.row, title=one.draft.title, kind=one.draft.kind, starts_at=first.starts_at, ends_at=last.ends_at,
        run_id=one.there, warnings=[WarnedOut(code=said.code, sentence=said.sentence) for said in one.clashes],
    )  # fmt: skip


@route(blueprint, "POST", "/runs/import", api.DRAFTERS, status=201, before=_read_sheet,
       refusals=(SheetRefused, month_import.MonthRefused))  # fmt: skip
def import_runs(query: schemas.ImportQuery) -> schemas.ImportedOut:
    """Take the same xlsx again and draft its runs. A run that is there already is left as it is, so twice is once."""
    return schemas.ImportedOut(run_ids=[run.id for run in month_import.import_month(g.sheet, partial=query.partial)])
