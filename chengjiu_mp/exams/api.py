"""JSON routes of results. Confirming them issues certificates and lives there."""

from typing import cast

from flask import Blueprint

from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound, StaleVersion
from chengjiu_mp.core.http import route
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams import errors
from chengjiu_mp.exams.exempting import exempt, withdraw_exemption
from chengjiu_mp.exams.history import history_of
from chengjiu_mp.exams.queries import rows_of_run, scheme_of_run, signup_of_run, submission_of
from chengjiu_mp.exams.resits import open_resit
from chengjiu_mp.exams.schemas import (
    EventOut,
    ExamItemOut,
    ExemptionIn,
    HistoryOut,
    ResitIn,
    ResultKind,
    ResultOut,
    ResultsIn,
    ResultsOut,
    ReturnIn,
    State,
    StepOut,
    SubmitIn,
)
from chengjiu_mp.exams.scheme import items_of
from chengjiu_mp.exams.service import save_results
from chengjiu_mp.exams.steps import steps_of_run, ticks_of_run
from chengjiu_mp.exams.submission import return_to_instructor, submit_results
from chengjiu_mp.people.name_display import mask_name

blueprint = Blueprint("exams", __name__, url_prefix="/api/v1")

READERS = access.roles("instructor", "unit_manager", "operator", "approver", "auditor")
WRITERS = access.roles("instructor", "operator")
_LOCKED = (errors.ResultsSubmitted, errors.ResultsConfirmed)


@route(blueprint, "GET", "/runs/<row:run_id>/results", READERS, refusals=(NotFound, errors.NoExam))
def results(run_id: int) -> ResultsOut:
    """The grid: the run's frozen items, and everybody present with points, version and outcome."""
    return grid_of(run_for(principal(), run_id))


@route(
    blueprint, "PUT", "/runs/<row:run_id>/results", WRITERS,
    refusals=(NotFound, errors.NoExam, errors.NotPresent, errors.NotEnoughAttended, StaleVersion, *_LOCKED,
              errors.ExaminerNotValid, errors.ExaminerNotYou, errors.ExaminerNotOfRun),
    example={"rows": [{"signup_id": 1, "version": 0, "items": {"theory": 92, "cpr": 85, "aed": 90}}]},
)  # fmt: skip
def put_results(run_id: int, body: ResultsIn) -> ResultsOut:
    """Save rows of the grid, all or none; a row whose version is no longer the current one refuses the whole."""
    return grid_of(save_results(run_id, body.rows, principal(), examined_by=body.examined_by))


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/submit", WRITERS,
    refusals=(NotFound, errors.NoExam, errors.RunNotOver, errors.NobodyPresent, errors.ResultsIncomplete,
              errors.NotEnoughAttended, errors.ExaminerNotValid, *_LOCKED),
    example={"left_out": []},
)  # fmt: skip
def submit(run_id: int, body: SubmitIn | None) -> ResultsOut:
    """Hand the results in; an approver who is somebody else confirms them. The body may be left out."""
    submit_results(run_id, body.left_out if body else [], principal())
    return grid_of(run_for(principal(), run_id))


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/resits", WRITERS,
    refusals=(NotFound, errors.NoExam, errors.NotPresent, errors.ResitRefused, errors.ResitsUsedUp,
              errors.ResultsSubmitted, errors.NotEnoughAttended, errors.ExaminerNotValid),
    example={"signup_id": 1},
)  # fmt: skip
def resit(run_id: int, body: ResitIn) -> ResultsOut:
    """Begin somebody's re-sit; the grid's row is the new attempt from then on. Again: the same attempt."""
    open_resit(run_id, body.signup_id, principal())
    return grid_of(run_for(principal(), run_id))


_EXEMPTING = (NotFound, errors.NoExam, errors.NotPresent, *_LOCKED, errors.NotEnoughAttended, errors.ExaminerNotValid)


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/exemptions", WRITERS,
    refusals=(*_EXEMPTING, errors.OriginalNotSeen, errors.ExemptionTooWide),
    example={"signup_id": 1, "item": "cpr", "reason": "持有效救护员证", "certificate_no": "JYR202500012",
             "original_seen": True},
)  # fmt: skip
def exempt_from(run_id: int, body: ExemptionIn) -> ResultsOut:
    """Exempt somebody from an item, on the strength of a certificate whose original was seen."""
    exempt(run_id, body, principal())
    return grid_of(run_for(principal(), run_id))


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/exemptions/<row:exemption_id>/withdraw", WRITERS,
    refusals=_EXEMPTING,
)  # fmt: skip
def withdraw_exempt(run_id: int, exemption_id: int) -> ResultsOut:
    """Take an exemption back while the results are open."""
    withdraw_exemption(run_id, exemption_id, principal())
    return grid_of(run_for(principal(), run_id))


@route(blueprint, "GET", "/runs/<row:run_id>/results/<row:signup_id>/history", READERS, refusals=(NotFound,))
def history(run_id: int, signup_id: int) -> HistoryOut:
    """What became of somebody's result: old and new points, who, when and why, the oldest first."""
    run = run_for(principal(), run_id)
    signup = signup_of_run(run, signup_id)
    return HistoryOut(items=[EventOut(**vars(one)) for one in history_of(run, signup)])


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/return", access.roles("approver"),
    refusals=(NotFound, errors.NotSubmitted), example={"note": "第 3 行理论成绩漏填，请补上。"},
)  # fmt: skip
def send_back(run_id: int, body: ReturnIn) -> ResultsOut:
    """Send submitted results back to the instructor with a note."""
    return_to_instructor(run_id, body.note, principal())
    return grid_of(run_for(principal(), run_id))


def grid_of(run: CourseRun) -> ResultsOut:
    """Return a run's grid. Names stand in full while there is work to do with them, masked once confirmed."""
    submission, scheme = submission_of(run.id), scheme_of_run(run)
    steps, ticks = steps_of_run(run), ticks_of_run(run.id)
    state = submission.state if submission else "open"
    return ResultsOut(
        run_id=run.id, state=cast(State, state), round=submission.round if submission else 1,
        max_resits=scheme.max_resits,
        returned_note=submission.returned_note if submission else "",
        submitted_at=submission.submitted_at if submission else None,
        items=[
            ExamItemOut(
                code=item.code, name=item.name, kind=item.kind, max=item.maximum,
                pass_mark=item.pass_mark, required=item.required,
                steps=[StepOut.model_validate(one, from_attributes=True) for one in steps.get(item.code, ())],
            )
            for item in items_of(scheme.items)
        ],
        rows=[
            ResultOut(
                signup_id=row.signup.id, version=row.version, items=row.points, outcome=row.outcome,
                steps=ticks.get(row.signup.id, {}),
                examined_by=row.examined_by, examiner=row.examiner, attempt=row.attempt,
                kind=cast(ResultKind, row.kind), round=row.round, carried=list(row.carried), exempt=sorted(row.exempt),
                name=mask_name(row.signup.name) if state == "confirmed" else row.signup.name,
            )
            for row in rows_of_run(run.id)
        ],
    )  # fmt: skip
