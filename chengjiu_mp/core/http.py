"""The edge: a JSON route declares its input, output and who may; refusals become problem+json or a page.

The view's annotations are the only declaration (docs/decisions): ``body`` and ``query`` are pydantic models, the
return annotation is what is sent. A route that writes runs in one ``unit_of_work`` that this layer opens, with the
idempotency key's row inside it."""

import functools
import logging
import secrets
import time
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, g, request
from pydantic import BaseModel, TypeAdapter
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from chengjiu_mp.core import context, keyed
from chengjiu_mp.core.access import Access, access, access_of, enforce
from chengjiu_mp.core.asking import asked, network
from chengjiu_mp.core.db import db, end_read, may_be_done, passes
from chengjiu_mp.core.errors import Busy, Kind, Refusal, TooLarge, Unsure
from chengjiu_mp.core.parsing import Malformed, UnsupportedMediaType, from_json, from_pairs

log = logging.getLogger("chengjiu_mp.http")
F = TypeVar("F", bound=Callable[..., Any])
JSON = "application/json"
SAFE = ("GET", "HEAD", "OPTIONS")
OP = "_op"


@dataclass(frozen=True)
class Op:
    """What a route declared; the OpenAPI document is made from it."""

    id: str
    who: Access
    body: type[BaseModel] | None
    body_optional: bool
    query: type[BaseModel] | None
    out: Any
    status: int
    refusals: tuple[type[Refusal], ...]
    example: dict[str, Any] | None
    doc: str


@dataclass
class Edge:
    """What the slices above plug into the edge: who is calling, and how a refusal looks as a page."""

    authenticate: Callable[[], context.Principal] = field(default=lambda: context.PUBLIC)
    render_page: Callable[[Refusal, int], Response] | None = None


def edge() -> Edge:
    """Return this application's edge."""
    found: Edge = current_app.extensions["edge"]
    return found


class Plain(Flask):
    """Flask whose views and hooks are plain functions: it looks whether each is a coroutine, on every request anew."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


class Gone(Refusal):
    code = "not_found"
    message = "没有找到这个页面。请检查链接是否完整，或返回首页重新查找。"
    kind = Kind.NOT_FOUND


class Broken(Refusal):
    code = "unexpected"
    message = "系统出了点问题，已经记录下来。请过一会儿再试；如果急用，请致电服务热线。"
    kind = Kind.UNEXPECTED


class RowConverter(IntegerConverter):
    """A row number in a path; one that PostgreSQL could not hold is not found."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min": 1, "max": 2_147_483_647, **kwargs})


class Options(typing.TypedDict, total=False):
    """What a route may say beyond its place and its callers."""

    status: int
    refusals: tuple[type[Refusal], ...]
    # Called with the view's arguments ahead of the transaction; limits are counted there.
    before: Callable[..., None]
    example: dict[str, Any]
    # False for the rare view that must do slow work outside of a transaction and opens its own.
    transaction: bool


def route(bp: Blueprint, method: str, rule: str, who: Access, **options: typing.Unpack[Options]) -> Callable[[F], F]:
    """Register a JSON view; :class:`Options` lists what else it may declare."""
    status, before = options.get("status", 200), options.get("before")

    def declare(view: F) -> F:
        hints = typing.get_type_hints(view)
        body, optional = _may_be_left_out(hints.get("body"))
        query, out = hints.get("query"), _without_response(hints["return"])
        dump = TypeAdapter(out).dump_json if out is not None else None

        def call(**arguments: Any) -> tuple[Response, bool]:
            result = view(**arguments)
            if isinstance(result, Response):
                return result, False
            return Response(dump(result) if dump and result is not None else b"", status, mimetype=JSON), True

        @functools.wraps(view)
        def handle(**arguments: Any) -> Response:
            if query:
                arguments["query"] = from_pairs(query, request.args)
            if body:
                arguments["body"] = None if optional and not request.get_data(cache=True) else _read_body(body)
            if before and (reply := _count(before, arguments)):
                return reply
            if request.method in SAFE or not options.get("transaction", True):
                return call(**arguments)[0]
            return keyed.in_transaction(_caller(), call, arguments)

        doc = (view.__doc__ or "").strip()
        op = Op(
            id=view.__name__, who=who, body=body, body_optional=optional, query=query, out=out, status=status,
            refusals=options.get("refusals", ()), example=options.get("example"), doc=doc,
        )  # fmt: skip
        setattr(handle, OP, op)
        access(who)(handle)
        bp.add_url_rule(rule, view.__name__, handle, methods=[method])
        return view

    return declare


def _may_be_left_out(body: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model of ``Model`` or ``Model | None``, and whether the caller may send no body at all."""
    if typing.get_origin(body) in (typing.Union, types.UnionType):
        return next(a for a in typing.get_args(body) if a is not type(None)), True
    return body, False


def _without_response(out: Any) -> Any:
    if typing.get_origin(out) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(out) if a is not Response]
        return rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007
    return None if out is Response or out is type(None) else out


def _read_body(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != JSON:
        raise UnsupportedMediaType
    return from_json(model, request.get_data(cache=True))


def _count(before: Callable[..., None], arguments: dict[str, Any]) -> Response | None:
    """Count this try; where it is refused, return the reply that this very request had before, if it had one."""
    try:
        before(**arguments)
    except Refusal:
        if reply := keyed.answered_before(_caller()):
            return reply
        raise
    return None


def _caller() -> str:
    # The public has no name of its own: a stranger with the same key elsewhere must not be given the reply.
    caller = context.principal().key
    return f"public:{network()}" if caller == "public" else caller


def op_of(view: Callable[..., Any]) -> Op | None:
    """Return what a JSON view declared, None for other views."""
    return getattr(view, OP, None)


def wants_json() -> bool:
    """Return whether the caller speaks JSON: everything below /api and the hooks."""
    return request.path.startswith(("/api/", "/_test/", "/healthz", "/readyz", "/metrics"))


def problem(refusal: Refusal) -> Response:
    """Return a refusal as problem+json (RFC 9457)."""
    facts = {k: v for k, v in refusal.facts.items() if k not in ("errors",)}
    errors = getattr(refusal, "errors", None)
    if errors is None:
        pointer = "/" + refusal.field.replace(".", "/") if refusal.field else None
        errors = [{"pointer": pointer, "code": refusal.code, "detail": refusal.sentence}] if pointer else []
    content = {
        "type": f"urn:chengjiu:problem:{refusal.code}", "title": refusal.message, "status": refusal.kind.value,
        "detail": refusal.sentence, "code": refusal.code, "request_id": context.request_id(), "errors": errors, **facts,
    }  # fmt: skip
    reply = Response(current_app.json.dumps(content), refusal.kind.value, mimetype="application/problem+json")
    if "retry_after" in refusal.facts:
        reply.headers["Retry-After"] = str(refusal.facts["retry_after"])
    return reply


def answer(refusal: Refusal) -> Response:
    """Return a refusal in the caller's language: JSON for programs, a page for people."""
    render = edge().render_page
    if wants_json() or render is None:
        return problem(refusal)
    return render(refusal, refusal.kind.value)


def _from_werkzeug(exc: HTTPException) -> Refusal:
    if exc.code in (404, 405):
        return Gone()
    if exc.code == 413:
        return TooLarge()
    return Malformed() if exc.code is not None and exc.code < 500 else Broken()


def _begin_request() -> None:
    # An id from outside is not trusted into the logs.
    name, now = secrets.token_hex(8), asked()
    g.began = time.perf_counter()
    context.set_request(name, context.PUBLIC)
    endpoint = now.endpoint or ""
    view = current_app.view_functions.get(endpoint)
    if view is None or endpoint.rpartition(".")[2] == "static":
        return
    caller = edge().authenticate()
    context.set_request(name, caller)
    end_read()
    enforce(access_of(view), caller, writing=now.method not in SAFE)


def _unexpected(exc: Exception) -> Response:
    db.session.rollback()
    if passes(exc):
        log.warning("busy", extra={"error": type(exc).__name__, "request_id": context.request_id()})
        return answer(Unsure(retry_after=3) if may_be_done(exc) else Busy(retry_after=3))
    # The traceback stays on our side, and without the exception's own text: a driver puts the row's values into it.
    log.error("unexpected", extra={"error": type(exc).__name__, "request_id": context.request_id()})
    if current_app.config.get("SHOW_TRACEBACKS"):
        raise exc
    return answer(Broken())


_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": under it a browser says "Origin: null" on our own forms. Other sites learn nothing either way.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}


def _headers(reply: Response) -> Response:
    said, now = {name.lower() for name, _ in reply.headers}, asked()
    wanted = {**_ALWAYS, "X-Request-Id": context.request_id()}
    if not now.path.startswith("/static/"):
        wanted["Cache-Control"] = "no-store"
    if now.is_secure:
        wanted["Strict-Transport-Security"] = "max-age=31536000"
    for name, value in wanted.items():
        if name.lower() not in said:
            reply.headers.add(name, value)
    return reply


def init_app(app: Flask) -> None:
    """Install the edge on an application."""
    app.extensions["edge"] = Edge()
    app.url_map.converters["row"] = RowConverter
    app.before_request(_begin_request)
    app.after_request(_headers)
    app.register_error_handler(Refusal, answer)
    app.register_error_handler(HTTPException, lambda exc: answer(_from_werkzeug(exc)))
    app.register_error_handler(Exception, _unexpected)
