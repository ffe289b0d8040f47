"""Check-in on paper: the sheet to print, and the one field for what came back. All of it works by forms alone."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request, url_for
from pydantic import Field

from chengjiu_mp.checkin import messages, paper, policy, queries
from chengjiu_mp.core import ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.teach import phase_of, roster_path

blueprint = Blueprint("paper", __name__)

MAY = roles("instructor", "operator")
# On A4, with a square code of 20 mm in each: a page's rows with room for one that grows.
ROWS_A_PAGE = 11
EMPTY_ROWS = 5


class SheetPage(In):
    meeting_id: RowId | None = None
    back: str = Field(default="", max_length=300)


class PaperQuery(In):
    meeting: RowId | None = None


class PaperPage(In):
    """``codes``: what was typed from the sheet; ``nonce`` makes two taps one; ``reason``: why, once it is closed."""

    codes: str = Field(default="", max_length=2000)
    meeting_id: RowId
    nonce: str = Field(min_length=8, max_length=64, pattern=r"^[a-z2-7]+$")
    reason: str = Field(default="", max_length=200)
    back: str = Field(default="", max_length=300)


@blueprint.post("/teach/runs/<row:run_id>/sheet")
@access(MAY)
def sheet(run_id: int) -> str:
    """Show the sheet of a meeting for printing. It holds names and tickets: the audit trail says who printed it."""
    given = from_pairs(SheetPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        made = paper.print_sheet(run_id, given.meeting_id, principal())
    lines: list[dict[str, Any] | None] = [_line(row) for row in made.rows]
    return render_template(
        "h5/sheet.html", title="纸质签到表", back=roster_path(given.back, run_id), sheet=made,
        run=queries.seen_run(principal(), run_id), pages=_pages(lines + [None] * EMPTY_ROWS), by=principal().name,
    )  # fmt: skip


def _line(row: paper.SheetRow) -> dict[str, Any]:
    return {"of": row, "svg": qr_svg(row.url, label=f"{row.number} 号的入场码")}


def _pages(lines: Sequence[dict[str, Any] | None]) -> list[Sequence[dict[str, Any] | None]]:
    return [lines[at : at + ROWS_A_PAGE] for at in range(0, len(lines), ROWS_A_PAGE)]


@blueprint.get("/teach/runs/<row:run_id>/paper")
@access(MAY)
def form(run_id: int) -> str:
    """Show the field."""
    asked = from_pairs(PaperQuery, request.args)
    return _page(run_id, asked.meeting)


@blueprint.post("/teach/runs/<row:run_id>/paper")
@access(MAY)
def enter(run_id: int) -> str | tuple[str, int]:
    """Check in whom the field names; what was wrong stays in it."""
    given = from_pairs(PaperPage, request.form, ignore=forms.IGNORED)
    try:
        with unit_of_work():
            entered = paper.enter_paper(
                run_id, given.meeting_id, given.codes, given.nonce, principal(), late=given.reason
            )
    except NotFound:
        raise
    except Refusal as refusal:
        errors = forms.errors(refusal, "codes")
        return _page(run_id, given.meeting_id, given, errors=errors), refusal.kind.value
    return _page(run_id, given.meeting_id, given, entered=entered)


def _page(run_id: int, meeting_id: int | None, given: PaperPage | None = None, *,
          entered: Sequence[paper.Entered] = (), errors: dict[str, str] | None = None) -> str:  # fmt: skip
    run = policy.run_to_check_in(principal(), run_id)
    meeting = queries.meeting_of(run.id, meeting_id)
    back, wrong = given.back if given else "", [one for one in entered if one.verdict == "refused"]
    codes = given.codes if given and not entered else "\n".join(one.typed for one in wrong)
    errors = errors or ({"codes": f"有 {len(wrong)} 个没有录入，留在下面，改好再录。"} if wrong else {})
    return render_template(
        "h5/paper.html", title="从纸质签到表录入", back=roster_path(back, run_id), kept_back=back, meeting=meeting,
        run=queries.seen_run(principal(), run.id), meetings=queries.meetings_of(run.id), phase=phase_of(meeting, run),
        opens=policy.opens_at(meeting), figures=queries.counts(run.id, meeting.id), entered=entered, wrong=wrong,
        codes=codes, errors=errors, nonce=ids.new_token(), reason=given.reason if given else "",
        tones=messages.TONES, path=url_for(".form", run_id=run_id),
    )  # fmt: skip
