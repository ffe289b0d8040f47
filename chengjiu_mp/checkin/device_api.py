"""Paired phones for programs; and the edge's part of a paired phone's way in."""

from flask import Blueprint, Flask

from chengjiu_mp.checkin import device_schemas as schemas
from chengjiu_mp.checkin import devices, policy, queries
from chengjiu_mp.checkin.device_errors import InvitationOver, NotADevice, RunIsOver
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.errors import RosterNotOpen
from chengjiu_mp.core import access, asking, ids, limits
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.signin.models import Account

blueprint = Blueprint("device_api", __name__, url_prefix="/api/v1")

MAY = access.roles("instructor", "operator")
# The instructor's phone and those paired with the run: scan, tick, see who is here; nothing that needs judgement.
MAY_HELP = access.roles("instructor", "operator", devices=True)


def init_app(app: Flask) -> None:
    """Register the routes, and let the edge know paired phones."""
    app.register_blueprint(blueprint)
    access.use_devices(_ever_paired)


def _ever_paired(session_id: int) -> bool:
    found = policy.ever_paired(session_id)
    end_read()
    return found


def door(run_id: int) -> policy.Door:
    """Return the caller's way in to a run's check-in, for pages and reads; once a minute it notes that the phone is in
    use.

    :raise Refusal: as :func:`policy.gate`
    """
    found = policy.gate(principal(), run_id)
    if found.device is None or not devices.unseen_lately(found.device):
        return found
    with unit_of_work():
        devices.note_seen(found.device.id)
    # What was loaded before that transaction is not to be used after it.
    return policy.gate(principal(), run_id)


@route(blueprint, "POST", "/runs/<row:run_id>/devices", MAY, status=201,
       refusals=(NotFound, RosterNotOpen, RunIsOver, NotADevice))  # fmt: skip
def pair_device(run_id: int) -> schemas.DeviceOut:
    """Pair the device of this sign-in with a run until midnight of its last day: then scanning and ticking this run
    goes on when the sign-in has ended by the clock. A bearer token's pairing ends with the token.
    """
    return _out(devices.pair_own(run_id, principal()), run_id)


@route(blueprint, "POST", "/runs/<row:run_id>/device-invitations", MAY, status=201,
       refusals=(NotFound, RosterNotOpen, RunIsOver))  # fmt: skip
def invite_devices(run_id: int) -> schemas.InvitationOut:
    """Make the link, for a code, by which helpers' phones are paired: for ten minutes and five phones."""
    row = devices.invite(run_id, principal())
    return schemas.InvitationOut(
        run_id=row.run_id, url=devices.invitation_url(row), expires_at=row.expires_at, most=row.most, uses=row.uses
    )


def spend_join(**_given: object) -> None:
    """Count a wish to help from this network: a code is 80 bits, and nobody needs a hundred tries."""
    limits.spend(Limit(f"device-join:{asking.network()}", 60, 600))


@route(blueprint, "GET", "/device-invitations/<token>", access.PUBLIC, refusals=(NotFound, InvitationOver, RunIsOver))
def show_invitation(token: str) -> schemas.InvitedOut:
    """Show a helper which run it is, who asks and until when; looking takes no place."""
    row = devices.invitation_with(known(token))
    held = devices.pairing_here(principal().device_id, row.run_id)
    until = held.until if held else devices.helps_until(devices.run_invited_to(row).id)
    run = queries.with_venue(row.run_id)
    return schemas.InvitedOut(
        run_id=run.id, title=run.title, venue=run.venue.name, starts_at=run.starts_at, ends_at=run.ends_at,
        invited_by=db.session.get_one(Account, row.made_by).name or "工作人员", until=until, paired=held is not None,
    )  # fmt: skip


@route(blueprint, "POST", "/device-invitations/<token>/accept", access.PUBLIC, status=201, before=spend_join,
       example={"label": "李明"}, refusals=(NotFound, InvitationOver, RunIsOver, TooMany))  # fmt: skip
def accept_invitation(token: str, body: schemas.AcceptIn) -> schemas.PairedOut:
    """Pair the caller's phone with the run until midnight: it scans, ticks and sees the roster, and nothing else.

    A phone that is paired already stays as it is.
    """
    row, fresh = devices.accept(known(token), body.label.strip(), principal().device_id, program=True)
    return schemas.PairedOut(run_id=row.run_id, label=row.label, until=row.until, access_token=fresh or None)


def known(token: str) -> str:
    """Return what looks like a token.

    :raise NotFound: it is none of ours
    """
    if not ids.looks_like_token(token):
        raise NotFound
    return token


@route(blueprint, "GET", "/runs/<row:run_id>/devices", MAY, refusals=(NotFound, RosterNotOpen))
def list_devices(run_id: int) -> schemas.DevicesOut:
    """List the phones that were paired with a run, the newest first."""
    return schemas.DevicesOut(items=[_shown(one) for one in devices.devices_of(run_id, principal())])


@route(blueprint, "POST", "/devices/<row:device_id>/revoke", MAY, refusals=(NotFound, RosterNotOpen))
def revoke_device(device_id: int) -> schemas.DeviceOut:
    """Take a phone's pairing back: its next call is refused with ``device_revoked``. Harmless twice."""
    row = devices.revoke(device_id, principal())
    return _out(row, row.run_id)


def _out(row: PairedDevice, run_id: int) -> schemas.DeviceOut:
    db.session.flush()
    return next(_shown(one) for one in devices.devices_of(run_id, principal()) if one.device.id == row.id)


def _shown(held: devices.Held) -> schemas.DeviceOut:
    row = held.device
    return schemas.DeviceOut(
        id=row.id, run_id=row.run_id, kind=row.kind, label=row.label, paired_by=held.paired_by,  # type: ignore[arg-type]
        created_at=row.created_at, until=row.until, seen_at=row.seen_at, state=held.state, scans=held.scans,
        here=held.here,
    )  # fmt: skip
