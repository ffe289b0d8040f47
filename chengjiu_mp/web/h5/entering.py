"""From a form to a ticket: signed up once, owned by this phone."""

import hashlib
import json
from collections.abc import Callable

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.core import context, idempotency
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.questions import Opened
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.api import remember_device
from chengjiu_mp.web.h5 import asking


def enter(run_id: int, entry: Entry, answered: Opened | None) -> dict[str, str]:
    """Return one person's ticket, as :func:`once`.

    :raise Refusal: as :func:`sign_up`; :raise QuestionNeeded: when the answer was used before
    """

    def made(device: int) -> dict[str, str]:
        return {"ticket": sign_up(run_id, entry, channel="page", device_id=device).ticket_token}

    return once(answered, made)


def once(answered: Opened | None, make: Callable[[int], dict[str, str]]) -> dict[str, str]:
    """Return what ``make(device)`` made, and under "device" the token of the device when this form made it.

    A second tap sends the same form again before the first reply has brought the cookie: it gets the first reply.

    :raise Refusal: what ``make`` refuses; :raise QuestionNeeded: when the answer was used before
    """
    with unit_of_work():
        typed = json.dumps(list(request.form.items(multi=True))).encode()
        print_ = idempotency.fingerprint("POST", request.path, typed)
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


def to_ticket(result: dict[str, str]) -> Response:
    """Open the ticket, and let the phone keep what it owns."""
    if result["device"]:
        remember_device(result["device"])
    return redirect(url_for("tickets.ticket", token=result["ticket"]), 303)


def _visitor() -> str:
    """Return a name for this browser that both taps share: the form's own secret lies in its cookie."""
    return "form:" + hashlib.sha256(str(session.get("csrf_token", "")).encode()).hexdigest()[:32]
