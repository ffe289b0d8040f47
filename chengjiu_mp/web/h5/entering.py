"""From a form to a ticket: signed up once, owned by this phone."""

import hashlib
import json
from collections.abc import Callable, Sequence

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import context, idempotency
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.questions import Opened
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.api import remember_device
from chengjiu_mp.web.h5 import asking


def enter(run_id: int, entry: Entry) -> dict[str, str]:
    """Return one person's ticket, as :func:`counted_once`."""

    def made(device: int) -> dict[str, str]:
        return {"ticket": sign_up(run_id, entry, channel="page", device_id=device).ticket_token}

    return counted_once(run_id, [entry.phone], 1, made)


def counted_once(
    run_id: int, phones: Sequence[str], people: int, make: Callable[[int], dict[str, str]]
) -> dict[str, str]:
    """Count a form that signs up so many people and return what it made, as :func:`once`.

    A second tap is no second form: by then the phone may hold as many places as a question, or the end, stands at.

    :raise Refusal: as :func:`once` and :func:`asking.count_try`
    """
    try:
        answered = asking.count_try(run_id, phones, people)
    except Refusal:
        if known := _made_before():
            return known
        raise
    return once(answered, make)


def once(answered: Opened | None, make: Callable[[int], dict[str, str]]) -> dict[str, str]:
    """Return what ``make(device)`` made, and under "device" the token of the device when this form made it.

    A second tap sends the same form again before the first reply has brought the cookie: it gets the first reply.

    :raise Refusal: what ``make`` refuses; :raise QuestionNeeded: when the answer was used before
    """
    print_ = _fingerprint()
    with unit_of_work():
        kept, known = idempotency.begin(_visitor(), print_.hex(), print_)
        if known:
            found: dict[str, str] = json.loads(known[1])
            return found
        asking.use_up(answered)
        device, token = context.principal().device_id, ""
        if device is None:
            token, row = sessions.open_session("device")
            device = row.id
        result = {**make(device), "device": token}
        idempotency.keep(kept, 303, json.dumps(result).encode())
    return result


def _made_before() -> dict[str, str] | None:
    """Return what this very form made before, if it did."""
    print_ = _fingerprint()
    known = idempotency.answered(_visitor(), print_.hex(), print_)
    end_read()
    found: dict[str, str] | None = json.loads(known[1]) if known else None
    return found


def to_ticket(result: dict[str, str]) -> Response:
    """Open the ticket, and let the phone keep what it owns."""
    if result["device"]:
        remember_device(result["device"])
    return redirect(url_for("tickets.ticket", token=result["ticket"]), 303)


def _fingerprint() -> bytes:
    typed = json.dumps(list(request.form.items(multi=True))).encode()
    return idempotency.fingerprint("POST", request.path, typed)


def _visitor() -> str:
    """Return a name for this browser that both taps share: the form's own secret lies in its cookie."""
    return "form:" + hashlib.sha256(str(session.get("csrf_token", "")).encode()).hexdigest()[:32]
