"""JSON routes of schemes: the newest versions, and a new one."""

from typing import Any

from flask import Blueprint

from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotAllowed, NotFound, StaleVersion
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import Out
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.schemes import EDITORS, SchemeIn, newest_schemes, publish_scheme

blueprint = Blueprint("exam_schemes", __name__, url_prefix="/api/v1")


class SchemeOut(Out):
    """``items``: {code, name, kind, max, pass, required}; ``unconfirmed`` names what nobody has confirmed yet."""

    code: str
    version: int
    name: str
    items: list[dict[str, Any]]
    max_resits: int
    resit_failed_only: bool
    unconfirmed: list[str]


class SchemesOut(Out):
    items: list[SchemeOut]


@route(blueprint, "GET", "/exam-schemes", access.STAFF)
def schemes() -> SchemesOut:
    """The newest version of every scheme."""
    return SchemesOut(items=[_out(one) for one in newest_schemes()])


@route(
    blueprint, "POST", "/exam-schemes/<code>/versions", access.roles(*EDITORS),
    refusals=(NotFound, NotAllowed, StaleVersion),
    example={"based_on": 1, "max_resits": 1, "items": [
        {"code": "theory", "name": "理论", "kind": "theory", "max": 100, "pass_mark": 85, "required": True}]},
)  # fmt: skip
def publish(code: str, body: SchemeIn) -> SchemeOut:
    """Publish a new version: new runs take it, runs that were published keep theirs."""
    return _out(publish_scheme(code, body, principal()))


def _out(one: ExamScheme) -> SchemeOut:
    return SchemeOut(
        code=one.code, version=one.version, name=one.name, items=one.items, max_resits=one.max_resits,
        resit_failed_only=one.resit_failed_only, unconfirmed=one.unconfirmed,
    )  # fmt: skip
