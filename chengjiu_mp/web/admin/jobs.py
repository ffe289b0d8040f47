"""Jobs: what waits, runs, or stopped and why; a person may send a stopped one back."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from chengjiu_mp.core import audit, context, jobs
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.job_progress import under_way
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.paging import page
from chengjiu_mp.web.admin.job_words import forecast, kind_words, reason_words
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_jobs", __name__, url_prefix="/console/jobs")

STATES = {"queued": ("等待中", ""), "running": ("进行中", ""), "dead": ("停下了", "bad"), "done": ("已完成", "ok")}
_READERS = ("operator", "auditor", "system")


@blueprint.get("/")
@access(roles(*_READERS))
def index() -> str:
    """Show one page of a state's jobs, newest first."""
    require_city(*_READERS)
    state = request.args.get("state", "dead")
    state = state if state in STATES else "dead"
    found = page(select(Job).where(Job.state == state), Job.id, request.args.get("cursor"))
    counts = dict(db.session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
    following = url_for(".index", state=state, cursor=found.next_cursor) if found.next_cursor else ""
    chips = [
        {"label": STATES[s][0], "href": url_for(".index", state=s), "current": s == state, "count": counts.get(s, 0)}
        for s in STATES
    ]
    return render_template(
        "admin/jobs.html", title="后台作业", jobs=found.items, chips=chips, state=STATES[state], following=following,
        may_revive=context.principal().has("operator", "system"), kind_words=kind_words, reason_words=reason_words,
        progress=[(kind_words(one.kind), one.waiting, forecast(one)) for one in under_way()],
    )  # fmt: skip


@blueprint.post("/<row:job_id>/revive")
@access(roles("operator", "system"))
def revive(job_id: int) -> Response:
    """Send a stopped job back to the workers."""
    require_city("operator", "system")
    with unit_of_work() as session:
        if jobs.revive(job_id):
            audit.record("job.revived", session.get_one(Job, job_id))
    return redirect(url_for(".index"), 303)
