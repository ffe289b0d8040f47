"""打印和领取: the ledger of paper by run and by unit, files for the printer and for keeping, and their progress."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, send_file, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import delivery, printers, printing, printing_ledger
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import OFFICE_ROLES, PICTURE_ROLES, certificates_visible_to
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_ledger import Line
from chengjiu_mp.certificates.printing_models import PrintFile
from chengjiu_mp.certificates.printing_sheets import PREPRINTED
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import writing_as
from chengjiu_mp.units.models import Unit
from chengjiu_mp.web import forms
from chengjiu_mp.web.templating import date_long, day_time_long

blueprint = Blueprint("console_printing", __name__, url_prefix="/console/printing")

READERS = roles(*sorted(OFFICE_ROLES))
MAKERS = tuple(sorted(PICTURE_ROLES))
CLERKS = ("operator", "unit_manager")
RUNS, FEW = 50, 3000


class FilesPage(In):
    product: str = Field(default="cards", pattern=f"^({'|'.join(printing.PRODUCTS)})$")
    which: str = Field(default="all", pattern=f"^({'|'.join(printing.WHICH)})$")
    year: int | None = Field(default=None, ge=1980, le=2199)
    printer_id: RowId | None = None


class UnitQuery(In):
    year: int | None = Field(default=None, ge=1980, le=2199)
    after: int = Field(default=0, ge=0, le=2_147_483_647)


class UnitPage(In):
    unit_id: RowId | None = None


@blueprint.get("/")
@access(READERS)
def index() -> str | AnyResponse:
    """Show the runs that gave certificates, the newest first, and the way to a unit's."""
    unit_id = from_pairs(UnitPage, request.args).unit_id
    if unit_id:
        return redirect(url_for("console_printing.of_unit", unit_id=unit_id), 303)
    seen = certificates_visible_to(principal())
    latest = select(Certificate.run_id).where(seen).distinct().order_by(Certificate.run_id.desc()).limit(RUNS)
    runs = db.session.scalars(select(CourseRun).where(CourseRun.id.in_(latest)).order_by(CourseRun.id.desc())).all()
    mine = select(Certificate.owner_unit_id).where(seen).distinct()
    units = db.session.scalars(select(Unit).where(Unit.id.in_(mine)).order_by(Unit.id)).all()
    return render_template(
        "admin/printing.html", title="打印和领取", rows=[_run_row(run) for run in runs],
        units=[(unit.id, unit.name) for unit in units],
    )  # fmt: skip


def _run_row(run: CourseRun) -> list[Any]:
    found = delivery.counts(Of(run.id).holds())
    to_print = sum(found.get((way, "chosen"), 0) for way in ("pickup", "mail"))
    waits = sum(found.get(("pickup", state), 0) for state in ("printed", "waiting"))
    return [
        {"text": run.title, "href": _base(Of(run.id))}, date_long(clock.day_of(run.starts_at)),
        to_print, waits, found.get(("mail", "printed"), 0),
    ]  # fmt: skip


@blueprint.get("/runs/<row:run_id>")
@access(READERS)
def of_run(run_id: int) -> str:
    """Show a run's ledger of paper, and what can be done."""
    return show(Of(run_id))


@blueprint.get("/units/<row:unit_id>")
@access(READERS)
def of_unit(unit_id: int) -> str:
    """Show the ledger of a unit's own people."""
    asked = from_pairs(UnitQuery, request.args)
    return show(Of(unit_id=unit_id, year=asked.year), after=asked.after)


def show(of: Of, *, after: int = 0, errors: dict[str, str] | None = None) -> str:
    """Return the ledger's page.

    :raise NotFound: there is no such certificate in the caller's scope
    """
    size = printing_ledger.PAGE if of.unit_id else FEW
    lines = printing_ledger.lines(of, principal(), tuple(OFFICE_ROLES), after=after, size=size)
    about = of.about() if lines or (of.year and _any(of)) else None
    if about is None:
        raise NotFound
    may_move = bool(of.run_id and _writes(*CLERKS))
    clerk = writing_as(principal(), CLERKS)
    fetching = printing_ledger.fetching(of.run_id, clerk, CLERKS) if of.run_id and may_move else []
    base, name = _base(of), about.title if isinstance(about, CourseRun) else about.name
    more = len(lines) == size and of.unit_id
    return render_template(
        "admin/printing_of.html", title="打印和领取", of=of, name=name, base=base,
        back=url_for("console_printing.index"),
        rows=[_line(one) for one in lines], errors=errors or {}, products=list(printing.PRODUCTS.items()),
        which=list(printing.WHICH.items()), files=[_file(one) for one in printing_ledger.files_of(of, principal())],
        printers=[(one.id, one.name) for one in printers.printers_of(principal())],
        may_make=principal().has(*MAKERS), may_move=may_move, fetching=len(fetching),
        collectable=sum(one.collectable for one in fetching), years=_years(),
        following=f"{base}?year={of.year or ''}&after={lines[-1].certificate.id}" if more else "",
        stale=sum(one.stale for one in lines), waiting=sum(one.version.picture_state != "ready" for one in lines),
    )  # fmt: skip


def _any(of: Of) -> bool:
    return bool(printing_ledger.lines(Of(of.run_id, of.unit_id), principal(), tuple(OFFICE_ROLES), size=1))


def _base(of: Of) -> str:
    return (
        url_for("console_printing.of_run", run_id=of.run_id)
        if of.run_id
        else url_for("console_printing.of_unit", unit_id=of.unit_id)
    )


def _writes(*names: str) -> bool:
    return bool(writing_as(principal(), names).grants)


def _years() -> list[tuple[str, str]]:
    this = clock.today().year
    return [("", "全部年度"), *((str(year), f"{year} 年发证") for year in range(this, this - 6, -1))]


def _line(one: Line) -> dict[str, Any]:
    way = one.delivery.way if one.delivery else "electronic"
    state = delivery.STATES[one.state] if way != "electronic" else ""
    printed = f"第 {one.print.version} 版，{day_time_long(one.print.printed_at)}" if one.print else ""
    gone = one.certificate.state != "issued"
    return {
        "id": one.certificate.id, "number": one.certificate.number, "name": one.version.name, "way": delivery.WAYS[way],
        "state": "已吊销" if gone else state, "tone": "bad" if gone else _tone(one), "stale": one.stale and not gone,
        "printed": printed, "by": one.printed_by, "tracking": one.delivery.tracking if one.delivery else "",
        "tickable": one.collectable,
        "ready": one.version.picture_state == "ready",
    }  # fmt: skip


def _tone(one: Line) -> str:
    return {"collected": "ok", "delivered": "ok", "chosen": "warn"}.get(one.state, "plain")


def _file(one: PrintFile) -> list[Any]:
    words = printing.PRODUCTS[one.product].partition("（")[0]
    part = f"{words} 第 {one.part} 份，共 {one.parts} 份" if one.parts > 1 else words
    state: Any = {"text": "做好了", "tone": "ok"} if one.state == "ready" else {"text": "正在做", "tone": "plain"}
    if printing.is_over(one):
        state = {"text": "已过期", "tone": "plain"}
    printed = day_time_long(one.printed_at) if one.printed_at else None
    link = {"text": part, "href": url_for("console_printing.file", file_id=one.id)}
    return [link, len(one.version_ids), state, day_time_long(one.asked_at), printed]


@blueprint.post("/runs/<row:run_id>/files")
@access(roles(*MAKERS))
def make_for_run(run_id: int) -> str | AnyResponse | tuple[str, int]:
    """Ask for a run's files."""
    return _make(Of(run_id))


@blueprint.post("/units/<row:unit_id>/files")
@access(roles(*MAKERS))
def make_for_unit(unit_id: int) -> str | AnyResponse | tuple[str, int]:
    """Ask for a unit's files."""
    return _make(Of(unit_id=unit_id))


def _make(of: Of) -> str | AnyResponse | tuple[str, int]:
    try:
        given = from_pairs(FilesPage, request.form, ignore=forms.IGNORED)
        of = Of(of.run_id, of.unit_id, given.year if of.unit_id else None)
        if not _any(of):
            raise NotFound
        with unit_of_work():
            made = printing.ask_for(of, given.product, given.which, principal(), MAKERS, _offset(given))
    except NotFound:
        raise
    except Refusal as refusal:
        return show(Of(of.run_id, of.unit_id), errors=forms.errors(refusal, "which")), refusal.kind.value
    if len(made) > 1:
        return redirect(f"{_base(of)}#files", 303)
    return redirect(url_for("console_printing.file", file_id=made[0].id), 303)


def _offset(given: FilesPage) -> tuple[float, float]:
    if given.product != PREPRINTED or given.printer_id is None:
        return 0.0, 0.0
    return printers.offset_of(printers.printer_for(principal(), given.printer_id))


@blueprint.get("/files/<row:file_id>")
@access(roles(*MAKERS))
def file(file_id: int) -> str:
    """Show how far a file is, and what to do with it."""
    return _file_page(file_id)


def _file_page(file_id: int, problem: str = "") -> str:
    one = printing.file_of(file_id, principal())
    of = Of(one.run_id, one.unit_id)
    return render_template(
        "admin/print_file.html", title="打印文件" if one.product not in printing.ZIPS else "压缩包", back=_base(of),
        file=one, words=printing.PRODUCTS[one.product], over=printing.is_over(one), stopped=printing.stopped(one),
        until=one.asked_at + printing.FILE_LIVES, sheets=one.product not in printing.ZIPS, problem=problem,
        total=len(one.version_ids), on_stock=one.product == PREPRINTED, offset=printing.offset_of(one),
        may_move=_writes(*CLERKS),
    )  # fmt: skip


@blueprint.get("/files/<row:file_id>/state")
@access(roles(*MAKERS))
def state(file_id: int) -> Response:
    """Say how far a file is; the page asks every few seconds."""
    one = printing.file_of(file_id, principal())
    word = "stopped" if printing.stopped(one) else "working" if one.state == "queued" else "done"
    text = f"已做 {one.done} / {len(one.version_ids)} 张"
    return jsonify(
        state=word,
        text=text,
        done=one.done,
        total=len(one.version_ids),
        next=url_for("console_printing.file", file_id=file_id),
    )


@blueprint.get("/files/<row:file_id>/download")
@access(roles(*MAKERS))
def download(file_id: int) -> AnyResponse | tuple[str, int]:
    """Give the file to who asked for it."""
    try:
        with unit_of_work():
            path = printing.take(printing.file_of(file_id, principal()))
    except NotFound:
        raise
    except Refusal as refusal:
        return _file_page(file_id, refusal.sentence), refusal.kind.value
    end_read()
    reply = send_file(path, as_attachment=True, download_name=f"certificates-{file_id}{path.suffix}")
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


@blueprint.post("/files/<row:file_id>/printed")
@access(roles(*CLERKS))
def printed(file_id: int) -> AnyResponse | tuple[str, int]:
    """Enter a file's certificates as printed."""
    try:
        with unit_of_work():
            if not _writes(*CLERKS):
                raise NotFound
            one = printing.file_of(file_id, principal())
            printing.mark_printed(one, principal())
            back = _base(Of(one.run_id, one.unit_id))
    except NotFound:
        raise
    except Refusal as refusal:
        return _file_page(file_id, refusal.sentence), refusal.kind.value
    return redirect(back, 303)
