"""代理: who approves while the approver is away, from a day to a day."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Day, In, RowId, from_pairs
from chengjiu_mp.signin import deputies
from chengjiu_mp.signin.models import RoleGrant
from chengjiu_mp.units.models import KEY_GROUPS, Sector, Unit
from chengjiu_mp.web import forms

blueprint = Blueprint("console_deputies", __name__, url_prefix="/console/deputies")

APPROVER = roles(deputies.ROLE)


class DeputyPage(In):
    account_id: RowId | None = None
    grant_id: RowId | None = None
    first: Day | None = None
    last: Day | None = None


class DeputyQuery(In):
    said: str = Field(default="", pattern="^(|named|ended)$")


@blueprint.get("/")
@access(APPROVER)
def index() -> str:
    """Show who stands in, and the form."""
    return _page(DeputyPage(first=clock.today()), {}, from_pairs(DeputyQuery, request.args).said)


@blueprint.post("/")
@access(APPROVER)
def name() -> Response | tuple[str, int]:
    """Name a deputy."""
    given = DeputyPage()
    try:
        given = from_pairs(DeputyPage, request.form, ignore=forms.IGNORED)
        forms.need(given, account_id="请选谁来代理。", first="请填从哪一天开始。", last="请填到哪一天为止。")
        with unit_of_work():
            deputies.name_deputy(
                principal(), given.grant_id or 0, given.account_id or 0, given.first or clock.today(),
                given.last or clock.today(),
            )  # fmt: skip
    except Refusal as refusal:
        return _page(given, forms.errors(refusal, "account_id")), refusal.kind.value
    return redirect(url_for(".index", said="named"), 303)


@blueprint.post("/<row:grant_id>/end")
@access(APPROVER)
def end(grant_id: int) -> Response:
    """End a deputy's time at once."""
    with unit_of_work():
        deputies.end_deputy(principal(), grant_id)
    return redirect(url_for(".index", said="ended"), 303)


def _page(given: DeputyPage, errors: dict[str, str], said: str = "") -> str:
    who, today = principal(), clock.today()
    lines = [
        {
            "id": one.grant.id, "name": one.name, "scope": scope_words(one.grant), "first": one.grant.valid_from,
            "last": one.grant.valid_to, "now": one.grant.valid_from is None or one.grant.valid_from <= today,
        }
        for one in deputies.deputies_of(who)
    ]  # fmt: skip
    grants = [(one.id, scope_words(one)) for one in deputies.standing_grants(who)]
    return render_template(
        "admin/deputies.html", title="代理", back=url_for("console_results.index"), lines=lines, grants=grants,
        people=deputies.candidates(who), given=given, errors=errors, said=said, longest=deputies.LONGEST.days,
    )  # fmt: skip


def scope_words(grant: RoleGrant) -> str:
    """Return what a grant is over: 全市, a unit's name, a sector, a key group."""
    words: list[Any] = []
    if grant.unit_id:
        words.append(db.session.get_one(Unit, grant.unit_id).name)
    if grant.sector_id:
        words.append(db.session.get_one(Sector, grant.sector_id).name)
    if grant.key_group:
        words.append(KEY_GROUPS.get(grant.key_group, grant.key_group))
    return "，".join(words) or "全市"
