"""签到手机: the instructor pairs this phone, invites helpers by a code, sees who holds what and takes it back; and the
page that a helper's phone opens by that code. All of it works by forms alone."""

from datetime import datetime, timedelta
from typing import Any, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import devices, policy, queries
from chengjiu_mp.checkin.device_api import MAY, known, spend_join
from chengjiu_mp.checkin.device_errors import InvitationOver
from chengjiu_mp.checkin.device_models import DeviceInvitation
from chengjiu_mp.checkin.device_schemas import Label
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import PUBLIC, access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.day_words import day, day_time
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.signin.api import remember_device
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.view import own_path

blueprint = Blueprint("devices", __name__)


class DevicesQuery(In):
    said: Literal["", "paired", "invited", "revoked"] = ""


class BackPage(In):
    back: str = Field(default="", max_length=300)


class RevokePage(BackPage):
    device_id: RowId


class HelpPage(In):
    label: Label = Field(default="", max_length=devices.LONGEST_LABEL)


@blueprint.get("/teach/runs/<row:run_id>/devices")
@access(MAY)
def page(run_id: int) -> str:
    """Show this phone, the code for helpers, and every phone that was paired with the run."""
    return _page(run_id, "base.html", url_for("teach.roster", run_id=run_id))


@blueprint.get("/console/runs/<row:run_id>/devices")
@access(roles("operator"))
def console_page(run_id: int) -> str:
    """Show the same in the console."""
    return _page(run_id, "console.html", f"/console/runs/{run_id}/checkins")


def _page(run_id: int, shell: str, back: str) -> str:
    asked = from_pairs(DevicesQuery, request.args)
    run = policy.run_to_check_in(principal(), run_id)
    held = devices.devices_of(run.id, principal())
    live = [one for one in held if one.state == "live"]
    invitation = devices.open_invitation(run.id)
    return render_template(
        "h5/devices.html", shell=shell, title="签到手机", back=back, run=queries.with_venue(run.id), said=asked.said,
        live=live, ended=[one for one in held if one.state != "live"], invitation=invitation,
        here=next((one.device for one in live if one.here and one.device.kind == "own"), None),
        svg=_code(invitation) if invitation else "", path=request.path, until_words=until_words,
    )  # fmt: skip


def until_words(until: datetime) -> str:
    """Return 11月23日（周一）24:00 for the midnight after that day."""
    if clock.local(until).time() == datetime.min.time():
        return f"{day(until - timedelta(minutes=1))}24:00"
    return day_time(until)


def _code(invitation: DeviceInvitation) -> str:
    return qr_svg(devices.invitation_url(invitation), label="邀请助手的二维码，用助手的手机扫")


@blueprint.post("/teach/runs/<row:run_id>/devices")
@access(MAY)
def pair(run_id: int) -> Response:
    """Pair this phone."""
    given = from_pairs(BackPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        devices.pair_own(run_id, principal())
    return _back_to(given.back, run_id, "paired")


@blueprint.post("/teach/runs/<row:run_id>/devices/invite")
@access(MAY)
def invite(run_id: int) -> Response:
    """Make a new code for helpers."""
    given = from_pairs(BackPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        devices.invite(run_id, principal())
    return _back_to(given.back, run_id, "invited")


@blueprint.post("/teach/runs/<row:run_id>/devices/revoke")
@access(MAY)
def revoke(run_id: int) -> Response:
    """Take one phone's pairing back."""
    given = from_pairs(RevokePage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        if devices.revoke(given.device_id, principal()).run_id != run_id:
            raise NotFound
    return _back_to(given.back, run_id, "revoked")


@blueprint.post("/teach/runs/<row:run_id>/devices/revoke-all")
@access(MAY)
def revoke_all(run_id: int) -> Response:
    """Take back every phone of the run."""
    given = from_pairs(BackPage, request.form, ignore=forms.IGNORED)
    with unit_of_work():
        devices.revoke_all(run_id, principal())
    return _back_to(given.back, run_id, "revoked")


def _back_to(back: str, run_id: int, said: str) -> Response:
    console = url_for(".console_page", run_id=run_id)
    here = console if own_path(back) == console else url_for(".page", run_id=run_id)
    # A code is shown to be scanned: the page opens where it stands.
    return redirect(f"{here}?said={said}{'#invite' if said == 'invited' else ''}", 303)


@blueprint.get("/h/<token>")
@access(PUBLIC)
def invited(token: str) -> str:
    """Show a helper which run it is, who invites, and what they may and may not do."""
    return _help_page(token, {}, HelpPage())


@blueprint.post("/h/<token>")
@access(PUBLIC)
def help_out(token: str) -> str | Response | tuple[str, int]:
    """Pair the helper's phone, and open the scan page on it."""
    given, fresh = HelpPage(), ""
    spend_join()
    try:
        given = from_pairs(HelpPage, request.form, ignore=forms.IGNORED)
        forms.need(given, label="请填写您的名字，老师在列表里认得出是谁的手机。")
        with unit_of_work():
            device, fresh = devices.accept(known(token), given.label, principal().device_id)
    except (NotFound, InvitationOver):
        raise
    except Refusal as refusal:
        return _help_page(token, forms.errors(refusal, "label"), given), refusal.kind.value
    if fresh:
        remember_device(fresh)
    return redirect(url_for("scan.page", run_id=device.run_id), 303)


def _help_page(token: str, errors: dict[str, str], given: HelpPage) -> str:
    """Show the invitation; who joined by it finds the way back even when it is over."""
    invitation = devices.invitation_with(known(token))
    held = devices.pairing_here(principal().device_id, invitation.run_id)
    shown: dict[str, Any] = {"held": held, "errors": errors, "given": given, "token": token}
    if held is None:
        devices.run_invited_to(invitation)
        shown["by"] = db.session.get_one(Account, invitation.made_by).name or "工作人员"
        shown["until"] = devices.helps_until(invitation.run_id)
    run = queries.with_venue(invitation.run_id)
    return render_template(
        "h5/help.html",
        title="帮忙签到",
        run=run,
        meetings=queries.meetings_of(run.id),
        until_words=until_words,
        **shown,
    )
