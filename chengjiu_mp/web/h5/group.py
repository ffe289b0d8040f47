"""按单位点名: a unit's people on one page, ticked together and sent once (feat-B13)."""

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import policy, queries
from chengjiu_mp.checkin.errors import LateEntryRefused, LateReasonMissing
from chengjiu_mp.checkin.schemas import ScanAnswer, ScanIn, Source
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.teach import phase_of

blueprint = Blueprint("group", __name__)

MAY = roles("instructor", "operator")


class GroupQuery(In):
    """``done``: how many were just checked in; ``left``: how many of those ticked were not."""

    meeting: RowId | None = None
    unit: RowId | None = None
    done: int | None = Field(None, ge=0, le=500)
    left: int = Field(0, ge=0, le=500)


class GroupPage(In):
    """``here``: the sign-ups that were ticked; ``nonce`` makes two taps one."""

    meeting_id: RowId
    unit_id: RowId
    here: list[RowId] = Field(default_factory=list, max_length=500)
    nonce: str = Field(min_length=8, max_length=40, pattern=r"^[a-z2-7]+$")
    reason: str = Field(default="", max_length=200)


@blueprint.get("/teach/runs/<row:run_id>/group")
@access(MAY)
def page(run_id: int) -> str:
    """Show the units whose people are expected, or one unit's people with a box each."""
    asked = from_pairs(GroupQuery, request.args)
    return _page(run_id, asked)


@blueprint.post("/teach/runs/<row:run_id>/group")
@access(MAY)
def send(run_id: int) -> str | Response | tuple[str, int]:
    """Check in whoever was ticked, all in one."""
    given = from_pairs(GroupPage, request.form, ignore=forms.IGNORED)
    asked = GroupQuery.model_validate({"meeting": given.meeting_id, "unit": given.unit_id})
    if not given.here:
        return _page(run_id, asked, "还没有勾选人。请勾选到场的人，再点签到。", given), 422
    try:
        with unit_of_work():
            answers = _recorded(run_id, given)
    except (LateReasonMissing, LateEntryRefused) as refusal:
        return _page(run_id, asked, refusal.sentence, given), refusal.kind.value
    done = sum(one.verdict != "refused" for one in answers)
    came = {"done": done, "left": len(answers) - done}
    where = url_for(".page", run_id=run_id, meeting=given.meeting_id, unit=given.unit_id, **came)  # type: ignore[arg-type]
    return redirect(where, 303)


def _recorded(run_id: int, given: GroupPage) -> list[ScanAnswer]:
    run = policy.run_to_check_in(principal(), run_id)
    late = policy.late_reason(run, given.reason)
    return record_scans(run_id, _scans(run, given), principal(), late=late)


def _scans(run: CourseRun, given: GroupPage) -> list[ScanIn]:
    late = phase_of(queries.meeting_of(run.id, given.meeting_id), run) == "paper"
    source: Source = "paper" if late else "name"
    return [
        ScanIn(
            nonce=f"{given.nonce}.{one}", signup_id=one, meeting_id=given.meeting_id, scanned_at=clock.now(),
            source=source,
        )
        for one in dict.fromkeys(given.here)
    ]  # fmt: skip


def _page(run_id: int, asked: GroupQuery, error: str = "", given: GroupPage | None = None) -> str:
    """Show a unit's people. All are ticked at first, and nobody once a form was sent: who is left did not come then."""
    run = policy.run_to_check_in(principal(), run_id)
    meeting = queries.meeting_of(run.id, asked.meeting)
    units = queries.units_expected(run.id, meeting.id)
    unit = next((one for one in units if one.id == asked.unit), None)
    if asked.unit is not None and unit is None:
        raise NotFound("这个单位没有人报这一场。请回名单核对。")
    rows = queries.roster(run.id, meeting.id, unit_id=unit.id) if unit else []
    back = url_for(".page", run_id=run.id, meeting=meeting.id) if unit else None
    sent = given is not None or asked.done is not None
    ticked = set(given.here) if given else set() if sent else {row.signup_id for row in rows}
    return render_template(
        "h5/group.html", title="按单位点名", back=back or url_for("teach.roster", run_id=run.id, meeting=meeting.id),
        run=run, meeting=meeting, units=units, unit=unit, error=error, done=asked.done, left=asked.left,
        missing=[row for row in rows if not row.checked_in], here=[row for row in rows if row.checked_in],
        phase=phase_of(meeting, run), nonce=ids.new_token(), post=url_for(".send", run_id=run.id), ticked=ticked,
        sent=sent, reason=given.reason if given else "",
    )  # fmt: skip
