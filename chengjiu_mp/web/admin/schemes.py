"""考核方案: an operator of the city writes the next version, looks at what the rule does, and publishes it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response

from chengjiu_mp.core.access import STAFF, access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Invalid, errors_of
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.scheme import WORDS, figure
from chengjiu_mp.exams.schemes import (
    EDITORS,
    SchemeIn,
    checked,
    examples,
    newest_schemes,
    publish_scheme,
    runs_on,
    versions_of,
)
from chengjiu_mp.web.admin.scope import require_city

blueprint = Blueprint("console_schemes", __name__, url_prefix="/console/schemes")

MAY = roles(*EDITORS)
KINDS = {"theory": "理论", "practical": "操作"}
_TONES = {"passed": "ok", "failed": "bad"}
SPARE, MOST = 2, 12


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show the schemes in force."""
    return render_template(
        "admin/schemes.html", title="考核方案", rows=[_shown(one) for one in newest_schemes()],
        may=principal().has(*EDITORS),
    )  # fmt: skip


@blueprint.get("/<code>")
@access(STAFF)
def one(code: str) -> str:
    """Show all versions of a scheme."""
    rows = [_shown(each) for each in versions_of(code)]
    return render_template(
        "admin/scheme.html", title=rows[0]["name"], back=url_for(".index"), rows=rows, code=code, on=runs_on(code),
        may=principal().has(*EDITORS),
    )  # fmt: skip


@blueprint.get("/<code>/new")
@access(MAY)
def form(code: str) -> str:
    """Show the form of the next version, filled with the newest."""
    require_city(*EDITORS, writing=True)
    last = versions_of(code)[0]
    lines = [
        {"code": item["code"], "name": item["name"], "kind": item["kind"], "max": figure(item["max"]),
         "pass_mark": figure(item["pass"]), "required": item.get("required", True)}
        for item in last.items
    ]  # fmt: skip
    return _form(last, lines, str(last.max_resits), last.resit_failed_only)


@blueprint.post("/<code>/preview")
@access(MAY)
def preview(code: str) -> str | tuple[str, int]:
    """Show what the typed rule does, before it is published."""
    require_city(*EDITORS, writing=True)
    last = versions_of(code)[0]
    try:
        given = _given()
        items = checked(given)
    except Invalid as refusal:
        return _again(last, refusal), 422
    shown = [(said, WORDS[outcome], _TONES.get(outcome, "plain")) for said, outcome in examples(items)]
    return render_template(
        "admin/scheme_preview.html", title="核对新版考核方案", back=url_for(".form", code=code), last=last, given=given,
        items=items, examples=shown, kinds=KINDS, on=runs_on(code), fields=list(request.form.items()), code=code,
    )  # fmt: skip


@blueprint.post("/<code>/publish")
@access(MAY)
def publish(code: str) -> Response | tuple[str, int]:
    """Publish what was looked at."""
    require_city(*EDITORS, writing=True)
    try:
        with unit_of_work():
            publish_scheme(code, _given(), principal())
    except Refusal as refusal:
        return _again(versions_of(code)[0], refusal), refusal.kind.value
    return redirect(url_for(".one", code=code), 303)


def _lines() -> list[dict[str, Any]]:
    """The rows that were filled in; one whose name was emptied is taken off."""
    typed = request.form
    rows = [
        {name: typed.get(f"{name}-{n}", "").strip()[:30] for name in ("code", "name", "kind", "max", "pass_mark")}
        | {"required": typed.get(f"required-{n}") == "1"}
        for n in range(MOST)
    ]
    return [row for row in rows if row["name"] or row["code"] or row["max"]]


def _given() -> SchemeIn:
    """Return what was typed.

    :raise Invalid: with a field that does not fit, ``/items/<row>/<name>`` in the rows
    """
    typed = request.form
    values = {
        "based_on": typed.get("based_on", ""), "items": _lines(), "max_resits": typed.get("max_resits", ""),
        "resit_failed_only": typed.get("resit_failed_only") == "1",
    }  # fmt: skip
    try:
        return SchemeIn.model_validate(values)
    except ValidationError as exc:
        raise Invalid(errors_of(exc)) from exc


def _again(last: ExamScheme, refusal: Refusal) -> str:
    errors: dict[str, str] = {}
    for each in getattr(refusal, "errors", []) or []:
        _, _, place, name = [*each["pointer"].split("/"), "", "", ""][:4]
        errors[f"{name}-{place}" if name else each["pointer"].strip("/")] = each["detail"]
    typed = request.form
    problem = "" if errors else refusal.sentence
    return _form(last, _lines(), typed.get("max_resits", ""), typed.get("resit_failed_only") == "1", errors, problem)


def _form(
    last: ExamScheme, lines: list[dict[str, Any]], max_resits: str, failed_only: bool,
    errors: dict[str, str] | None = None, problem: str = "",
) -> str:  # fmt: skip
    blank = {"code": "", "name": "", "kind": "practical", "max": "", "pass_mark": "", "required": True}
    return render_template(
        "admin/scheme_form.html", title="起草新版考核方案", back=url_for(".one", code=last.code), last=last,
        lines=[*lines, *[blank] * SPARE][:MOST], max_resits=max_resits, failed_only=failed_only, errors=errors or {},
        problem=problem, kinds=list(KINDS.items()),
    )  # fmt: skip


def _shown(one: ExamScheme) -> dict[str, Any]:
    return {
        "code": one.code, "name": one.name, "version": one.version, "open": "pass" in one.unconfirmed,
        "resits": one.max_resits, "failed_only": one.resit_failed_only,
        "rows": [
            [item["name"], KINDS[item["kind"]], f"{item['pass']:g} / {item['max']:g}",
             "必考" if item.get("required", True) else "选考"]
            for item in one.items
        ],
    }  # fmt: skip
