"""The Idempotency-Key of a request (rel-I16): its first reply is kept with its effect, and given again."""

from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy.exc import OperationalError

from chengjiu_mp.core import asking, idempotency
from chengjiu_mp.core.db import end_read, unit_of_work, waited_for_lock
from chengjiu_mp.core.errors import Kind, Refusal


class InFlight(Refusal):
    code = "in_flight"
    message = "同样的一次提交还在办理中，请过几秒再试一次。"
    kind = Kind.CONFLICT


def in_transaction(caller: str, call: Callable[..., tuple[Response, bool]], arguments: dict[str, Any]) -> Response:
    """Return what ``call`` answers, within one transaction; under a known key the reply of the first time.

    :param call: returns the reply, and whether it is to be kept
    :raise KeyReused: when the key came with another request before; :raise InFlight: when that one takes too long
    """
    with unit_of_work():
        key = _key()
        if not key:
            return call(**arguments)[0]
        kept, answered = _begun(caller, key)
        if answered:
            return _replayed(answered)
        reply, keepable = call(**arguments)
        if keepable:
            idempotency.keep(kept, reply.status_code, reply.get_data())
        return reply


def answered_before(caller: str) -> Response | None:
    """Return the reply that this very request had before, None when it had none: nothing new is done then, so that
    what limits new tries does not stand in its way.

    :raise KeyReused: as :func:`in_transaction`
    """
    key = _key()
    answered = idempotency.answered(caller, key, _fingerprint()) if key else None
    end_read()
    return _replayed(answered) if answered else None


def _begun(caller: str, key: str) -> tuple[idempotency.Kept, tuple[int, bytes] | None]:
    try:
        return idempotency.begin(caller, key, _fingerprint())
    except OperationalError as exc:
        # The first one holds the key's row. A server that is down says nothing of another request.
        if waited_for_lock(exc):
            raise InFlight(retry_after=3) from exc
        raise


def _key() -> str:
    return request.headers.get("Idempotency-Key", "")[:200]


def _fingerprint() -> bytes:
    now = asking.asked()
    return idempotency.fingerprint(now.method, now.path, now.get_data(cache=True))


def _replayed(answered: tuple[int, bytes]) -> Response:
    reply = Response(answered[1], answered[0], mimetype="application/json")
    reply.headers["Idempotent-Replayed"] = "true"
    return reply
