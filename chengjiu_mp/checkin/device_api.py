"""Paired phones for programs; and the edge's part of a paired phone's way in."""

from flask import Blueprint, Flask

from chengjiu_mp.checkin import device_schemas as schemas
from chengjiu_mp.checkin import devices, policy
from chengjiu_mp.checkin.device_errors import NotADevice, RunIsOver
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.checkin.errors import RosterNotOpen
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route

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
