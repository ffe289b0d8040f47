"""证书照片 of a run's people: who has none, and staff putting in what was handed over."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import holder_photos
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.web.h5.photo import photo_reply, read_upload

blueprint = Blueprint("console_run_photos", __name__, url_prefix="/console/runs/<row:run_id>/photos")

MAY = ("operator",)


@blueprint.get("/")
@access(roles(*MAY))
def index(run_id: int) -> str:
    """Show the people of a run with their pictures."""
    return _page(run_id)


@blueprint.post("/<row:signup_id>")
@access(roles(*MAY))
def put(run_id: int, signup_id: int) -> AnyResponse | tuple[str, int]:
    """Take one person's picture."""
    _signup(run_id, signup_id)
    try:
        portrait = read_upload()
        with unit_of_work():
            holder_photos.put_photo(_signup(run_id, signup_id).id, portrait, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(run_id, {f"photo-{signup_id}": refusal.sentence}), refusal.kind.value
    return redirect(url_for(".index", run_id=run_id, _anchor=f"p-{signup_id}"), 303)


@blueprint.get("/<row:signup_id>.jpg")
@access(roles(*MAY))
def picture(run_id: int, signup_id: int) -> Response:
    """One person's picture."""
    return photo_reply(_signup(run_id, signup_id).id)


def _signup(run_id: int, signup_id: int) -> Signup:
    run_for(principal(), run_id, roles=MAY)
    row = db.session.scalars(select(Signup).where(Signup.id == signup_id, Signup.run_id == run_id)).first()
    if row is None:
        raise NotFound
    return row


def _page(run_id: int, errors: dict[str, str] | None = None) -> str:
    run = run_for(principal(), run_id, roles=MAY)
    here = (Signup.run_id == run_id, Signup.state.in_(LIVE), Signup.erased_at.is_(None))
    people = db.session.scalars(select(Signup).where(*here).order_by(Signup.sort_key, Signup.id)).all()
    there = holder_photos.have_photos([one.id for one in people])
    rows: list[dict[str, Any]] = [{"id": one.id, "name": one.name, "there": one.id in there} for one in people]
    return render_template(
        "admin/run_photos.html", title="证书照片", back=url_for("console_runs.show", run_id=run_id), run=run, rows=rows,
        wanted=holder_photos.wants_photo(run), errors=errors or {}, missing=len(people) - len(there),
    )  # fmt: skip
