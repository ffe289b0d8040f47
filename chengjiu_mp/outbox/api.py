"""JSON routes: what a person allows WeChat to send, and the call list."""

from flask import Blueprint, Response, request

from chengjiu_mp.core import access, context, limits
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.outbox import asking, callbacks, calls, wording
from chengjiu_mp.outbox.errors import AlreadyReached, CallTakenBack, TemplateUnknown, WechatNotBound
from chengjiu_mp.outbox.schemas import (
    Answers,
    Asked,
    Asking,
    AttemptOut,
    CallMade,
    CallOut,
    CallsOut,
    TemplateOut,
)
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.wechat.client import client
from chengjiu_mp.wechat.errors import WechatNotConfigured
from chengjiu_mp.wechat.sealed import NotOurs

blueprint = Blueprint("outbox", __name__, url_prefix="/api/v1")
CALLERS = access.roles("unit_manager", "operator", "approver")


@route(
    blueprint, "GET", "/wechat/subscriptions", access.SIGNED_IN, refusals=(WechatNotConfigured, WechatNotBound),
)  # fmt: skip
def subscriptions(query: Asking) -> Asked:
    """Return the subscribe-message templates to ask for at a moment, at most three."""
    found = asking.templates_at(query.moment, context.principal())
    items = [TemplateOut(template=t.id, about=wording.family_of(t.kind), left=left) for t, left in found]
    return Asked(items=items)


def _count_answers(body: Answers) -> None:  # noqa: ARG001  limits see what the route gets
    limits.spend(Limit(f"subscriptions:{context.principal().key}", 60, 3600))


@route(
    blueprint, "POST", "/wechat/subscriptions", access.SIGNED_IN, status=204, before=_count_answers,
    refusals=(WechatNotConfigured, WechatNotBound, TemplateUnknown, TooMany),
    example={"items": [{"template": "…", "accepted": True}]},
)  # fmt: skip
def record_subscriptions(body: Answers) -> None:
    """Record what a person tapped: each acceptance allows one message, a refusal takes back what was allowed."""
    asking.record_answers(body.items, context.principal())


@route(blueprint, "GET", "/calls", access.STAFF)
def list_calls() -> CallsOut:
    """Return whom to call because no channel reached them, the most urgent first; numbers are masked."""
    caller = context.principal()
    return CallsOut(total=calls.number_to_call(caller), items=[_shown(one) for one in calls.to_call(caller)])


@route(
    blueprint, "POST", "/calls/<row:call_id>/attempts", CALLERS, status=201, refusals=(NotFound, AlreadyReached),
    example={"reached": True},
)  # fmt: skip
def record_call(call_id: int, body: CallMade) -> AttemptOut:
    """Record that a person was called; who was reached leaves the list."""
    return AttemptOut.model_validate(calls.record_call(call_id, context.principal(), reached=body.reached))


@route(
    blueprint, "DELETE", "/calls/attempts/<row:attempt_id>", CALLERS, status=204, refusals=(NotFound, CallTakenBack),
)  # fmt: skip
def take_back_call(attempt_id: int) -> None:
    """Take a recorded call back; the person stands on the list again."""
    calls.take_back(attempt_id, context.principal())


def _shown(line: calls.Line) -> CallOut:
    return CallOut(
        id=line.delivery_id, kind=line.kind, phone_masked=mask_phone(line.phone) if line.phone else None,
        written_at=line.written_at, too_late_at=line.too_late_at,
        attempts=[AttemptOut.model_validate(one) for one in line.attempts],
    )  # fmt: skip


# The platform's own address for events, set there as PUBLIC_URL/api/v1/wechat/callback in the JSON format.
@route(blueprint, "GET", "/wechat/callback", access.PUBLIC, refusals=(WechatNotConfigured, NotFound))
def confirm_callback() -> Response:
    """Say back what WeChat sends when the address is entered there, so that it sees the token is ours."""
    if not callbacks.is_signed(client().settings, request.args, "signature"):
        raise NotFound
    return Response(request.args.get("echostr", "")[:200], mimetype="text/plain")


@route(blueprint, "POST", "/wechat/callback", access.PUBLIC, refusals=(WechatNotConfigured, NotFound))
def take_callback() -> Response:
    """Take an event of WeChat; it is told `success`, or sends it again."""
    try:
        event = callbacks.opened(client().settings, request.args, request.get_data(cache=True))
    except NotOurs:
        raise NotFound from None
    callbacks.take(event)
    return Response("success", mimetype="text/plain")
