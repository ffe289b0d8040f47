"""A guardian's consent on paper, for phones that get no codes and for schools that collect it (feat-N20)."""

from flask import Blueprint, redirect, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import context
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.courses import guardians
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.web import forms

blueprint = Blueprint("console_guardians", __name__, url_prefix="/console/runs")


class PaperPage(In):
    """``reason`` is the paper's number: the field of the part that asks."""

    reason: str = Field("", max_length=60)


@blueprint.post("/<row:run_id>/signups/<row:signup_id>/guardian")
@access(roles("operator", "unit_manager"))
def paper(run_id: int, signup_id: int) -> Response:
    """Write that the signed paper is there; the child's place is given with it."""
    given = from_pairs(PaperPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        run = run_for(context.principal(), run_id, roles=("operator", "unit_manager"))
        signup = db.session.get(Signup, signup_id)
        if signup is None or signup.run_id != run.id:
            raise NotFound
        guardians.agree_on_paper(signup, given.reason)
    return redirect(url_for("console_runs.show", run_id=run_id), 303)
