"""证书更改: what waits for a look at the document or for a second person, since when and for whom; the decision."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.certificates import promise, requests
from chengjiu_mp.certificates.queries import newest_of
from chengjiu_mp.certificates.request_api import to_refuse
from chengjiu_mp.certificates.request_queries import DECIDERS, PROPOSERS, UnderWay, request_for, under_way
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.waiting_words import waited

blueprint = Blueprint("console_certificate_requests", __name__, url_prefix="/console/certificates/requests")

READERS = roles("unit_manager", "operator", "approver", "auditor")
TONES = {"asked": "warn", "proposed": "warn", "approved": "ok", "refused": "bad"}
NOBODY = {"text": "没有可办的人，请设置代理", "tone": "bad"}


class DecisionPage(In):
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(READERS)
def index() -> str:
    """Show what waits, the longest waiting first."""
    rows = [_row(one) for one in under_way(principal())]
    return render_template(
        "admin/certificate_requests.html", title="证书更改", back=url_for("console_certificates.index"), rows=rows,
        within=promise.within(),
    )  # fmt: skip


def _row(one: UnderWay) -> list[Any]:
    asked = one.request
    return [
        {"text": one.certificate.number, "href": url_for(".one", request_id=asked.id)}, requests.KINDS[asked.kind],
        {"text": requests.STATES[asked.state], "tone": TONES[asked.state]}, waited(clock.now() - asked.asked_at),
        {"text": "已超期", "tone": "bad"} if one.late else f"{asked.due_on.month}月{asked.due_on.day}日前",
        people(one.waits_for) or NOBODY,
    ]  # fmt: skip


@blueprint.get("/<row:request_id>")
@access(READERS)
def one(request_id: int) -> str:
    """Show one request with what was looked at, and the decision to take."""
    return _page(request_id)


@blueprint.post("/<row:request_id>/approve")
@access(roles(*DECIDERS))
def approve(request_id: int) -> Response | tuple[str, int]:
    """Approve what somebody else proposed."""
    try:
        with unit_of_work():
            requests.approve(request_for(principal(), request_id, roles=DECIDERS, writing=True).request)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", request_id=request_id), 303)


@blueprint.post("/<row:request_id>/refuse")
@access(roles(*PROPOSERS, *DECIDERS))
def refuse(request_id: int) -> Response | tuple[str, int]:
    """Refuse with a reason that the holder reads."""
    given = DecisionPage()
    try:
        given = from_pairs(DecisionPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            requests.refuse(to_refuse(request_id), given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", request_id=request_id), 303)


def _page(request_id: int, problem: str = "") -> str:
    found, caller = request_for(principal(), request_id), principal()
    asked = found.request
    own = asked.proposed_by is not None and asked.proposed_by == caller.account_id
    decides = asked.state == "proposed" and caller.has(*DECIDERS) and not own
    return render_template(
        "admin/certificate_request.html", title=f"{requests.KINDS[asked.kind]}：{found.certificate.number}",
        back=url_for(".index"), found=found, asked=asked, seen=newest_of(found.certificate.id), problem=problem,
        word=requests.STATES[asked.state], tone=TONES[asked.state], own=own and asked.state == "proposed",
        decides=decides, takes=asked.state == "asked" and caller.has(*PROPOSERS),
        document=DocType(asked.seen_document).label if asked.seen_document else "",
        proposer=_name(asked.proposed_by), decider=_name(asked.decided_by),
        age=waited(clock.now() - asked.asked_at), within=promise.within(), waits_for=people(found.waits_for),
    )  # fmt: skip


def people(names: tuple[str, ...]) -> str:
    """Return the first three names, and how many there are where there are more: 甲、乙、丙等 5 人."""
    return "、".join(names[:3]) + (f"等 {len(names)} 人" if len(names) > 3 else "")


def _name(account_id: int | None) -> str:
    account = db.session.get(Account, account_id) if account_id else None
    return account.name if account else ""
