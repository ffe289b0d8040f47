"""Pairing phones with a run, inviting helpers, listing who holds what, and taking it back (feat-B11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.checkin import policy
from chengjiu_mp.checkin.device_errors import InvitationOver, NotADevice, RunIsOver
from chengjiu_mp.checkin.device_models import DeviceInvitation, PairedDevice
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account, SignInSession

INVITATION_LIFE = timedelta(minutes=10)
HELPERS = 5
LONGEST_LABEL = 20
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Held:
    """A paired phone as the instructor sees it; ``scans``: how many were made with it, refused ones among them."""

    device: PairedDevice
    paired_by: str
    scans: int
    here: bool

    @property
    def state(self) -> Literal["live", "revoked", "ended"]:
        if self.device.revoked_by is not None:
            return "revoked"
        return "live" if self.device.revoked_at is None and self.device.until > clock.now() else "ended"


@dataclass(frozen=True)
class _Pairing:
    kind: str
    label: str
    paired_by: int
    until: datetime


def pair_own(run_id: int, who: Principal) -> PairedDevice:
    """Pair the caller's device until midnight of the run's last day; a second time changes nothing.

    A program's token ends with its sign-in, and so does its pairing.

    :raise NotFound, RosterNotOpen: as the roster; :raise RunIsOver: after the last day; :raise NotADevice
    """
    run = policy.run_to_check_in(who, run_id)
    if who.device_id is None or who.account_id is None:
        raise NotADevice
    until = _midnight_after(run.ends_at)
    session = db.session.get_one(SignInSession, who.device_id)
    until = min(until, session.expires_at) if session.kind == "bearer" else until
    if until <= clock.now():
        raise RunIsOver
    return _pair(run, session.id, _Pairing("own", (who.name or "老师")[:40], who.account_id, until))


def invite(run_id: int, who: Principal) -> DeviceInvitation:
    """Return a new invitation for helpers' phones; the one before it ends.

    :raise NotFound, RosterNotOpen: as the roster; :raise RunIsOver: when no day of the run is left
    """
    run = policy.run_to_check_in(who, run_id)
    if who.account_id is None:
        raise NotADevice
    _day_to_help(run.id)
    _end_invitations(run.id)
    uid, token, now = ids.new_uid(), ids.new_token(), clock.now()
    row = DeviceInvitation(
        uid=uid, run_id=run.id, token_hash=ids.token_hash(token), made_by=who.account_id, most=HELPERS, uses=0,
        token_sealed=privacy.seal(token, place=DeviceInvitation.PLACE, row=uid), created_at=now,
        expires_at=now + INVITATION_LIFE,
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as exc:
        if not violated(exc, "uq_device_invitation_live"):
            raise
        # Made this moment by another tap, and as good.
        return db.session.scalars(_open_invitations(run.id)).one()
    audit.record("device.invited", row, unit_id=run.unit_id, run_id=run.id)
    return row


def invitation_with(token: str, *, lock: bool = False) -> DeviceInvitation:
    """Return a token's invitation, also when it is over.

    :raise NotFound: for no token of ours
    """
    query = select(DeviceInvitation).where(DeviceInvitation.token_hash == ids.token_hash(token))
    query = query.execution_options(populate_existing=True)
    row = db.session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound
    return row


def run_invited_to(row: DeviceInvitation) -> CourseRun:
    """Return the run of an invitation that is still good.

    :raise InvitationOver: with what to do
    """
    run = policy.may_still_check_in(row.made_by, row.run_id) if _is_good(row) else None
    if run is None:
        raise InvitationOver
    return run


def open_invitation(run_id: int) -> DeviceInvitation | None:
    """Return the run's invitation that is still good, for who may invite to it."""
    row = db.session.scalars(_open_invitations(run_id)).first()
    return row if row is not None and _is_good(row) else None


def invitation_url(row: DeviceInvitation) -> str:
    """Return the address in an invitation's code."""
    return site().link(f"/h/{privacy.unseal(row.token_sealed, place=DeviceInvitation.PLACE, row=row.uid)}")


def accept(
    token: str, label: str, session_id: int | None, *, program: bool = False
) -> tuple[PairedDevice, str]:  # fmt: skip
    """Pair a helper's phone; return it, and the device's new token when it had none.

    A phone that is paired with the run already stays as it is, and takes no place of the invitation.

    :param program: the new token is a bearer's, and ends with the pairing
    :raise NotFound, InvitationOver, RunIsOver
    """
    # The invitation's row is the lock: two taps, or two phones for the last place, come one after the other.
    invitation = invitation_with(token, lock=True)
    held = pairing_here(session_id, invitation.run_id)
    if held is not None:
        return held, ""
    run = run_invited_to(invitation)
    until, fresh = helps_until(run.id), ""
    if session_id is None:
        fresh, session = sessions.open_session("bearer" if program else "device")
        session_id = session.id
        if program:
            session.expires_at = until
    else:
        until = sessions.lasts_until(session_id, until)
    invitation.uses += 1
    return _pair(run, session_id, _Pairing("helper", label, invitation.made_by, until)), fresh


def helps_until(run_id: int) -> datetime:
    """Return until when a phone that is paired now may help: midnight of today's meeting, else of the first to come.

    :raise RunIsOver: when none is left
    """
    return _midnight_after(_day_to_help(run_id))


def pairing_here(session_id: int | None, run_id: int) -> PairedDevice | None:
    """Return a device session's pairing with a run that holds now."""
    if session_id is None:
        return None
    query = _live(run_id).where(PairedDevice.session_id == session_id, PairedDevice.until > clock.now())
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def unseen_lately(row: PairedDevice) -> bool:
    """Return whether it is time to note again that a phone is in use."""
    return row.seen_at <= clock.now() - SEEN_EVERY


def note_seen(device_id: int) -> None:
    """Note that a phone is in use."""
    db.session.execute(update(PairedDevice).where(PairedDevice.id == device_id).values(seen_at=clock.now()))


def devices_of(run_id: int, who: Principal) -> list[Held]:
    """Return every phone that was paired with a run, the newest first.

    :raise NotFound, RosterNotOpen: as the roster
    """
    run = policy.run_to_check_in(who, run_id)
    query = select(PairedDevice, Account.name).join(Account, Account.id == PairedDevice.paired_by)
    rows = db.session.execute(query.where(PairedDevice.run_id == run.id).order_by(PairedDevice.id.desc())).all()
    made = select(Scan.device_id, func.count()).where(Scan.run_id == run.id, Scan.device_id.is_not(None))
    scans = {device: number for device, number in db.session.execute(made.group_by(Scan.device_id))}  # noqa: C416
    return [Held(row, name, scans.get(row.id, 0), row.session_id == who.device_id) for row, name in rows]


def revoke(device_id: int, who: Principal) -> PairedDevice:
    """Take a phone's pairing back, at once and harmlessly twice; the run's open invitation ends with it.

    A colleague's own phone is signed out too: it may be lost.

    :raise NotFound: missing or out of scope; :raise RosterNotOpen
    """
    found = db.session.get(PairedDevice, device_id)
    if found is None:
        raise NotFound
    run = policy.run_to_check_in(who, found.run_id)
    # Whoever was sent away could walk in again by the code that still stands on the screen.
    _end_invitations(run.id)
    row = db.session.get_one(PairedDevice, found.id, populate_existing=True, with_for_update=True)
    _take_back(row, run, who)
    return row


def revoke_all(run_id: int, who: Principal) -> int:
    """Take back all phones of a run, the caller's own among them, and its invitation; return how many phones."""
    run = policy.run_to_check_in(who, run_id)
    _end_invitations(run.id)
    rows = db.session.scalars(_live(run.id).order_by(PairedDevice.id).with_for_update()).all()
    for row in rows:
        _take_back(row, run, who)
    return len(rows)


def _take_back(row: PairedDevice, run: CourseRun, who: Principal) -> None:
    if row.revoked_at is not None:
        return
    row.revoked_at, row.revoked_by = clock.now(), who.account_id
    db.session.flush()
    audit.record("device.revoked", row, unit_id=run.unit_id, run_id=run.id, kind=row.kind)
    session = db.session.get(SignInSession, row.session_id) if row.session_id else None
    signed_in = session is not None and session.account_id == row.paired_by
    if session is not None and signed_in and row.kind == "own" and session.id != who.device_id:
        sessions.sign_out(session.id)
        audit.record("session.ended", session)


def _end_invitations(run_id: int) -> None:
    # Ahead of any phone's row, as :func:`accept` takes them.
    ended = update(DeviceInvitation).where(DeviceInvitation.run_id == run_id, DeviceInvitation.revoked_at.is_(None))
    db.session.execute(ended.values(revoked_at=clock.now()))


def _pair(run: CourseRun, session_id: int, wanted: _Pairing) -> PairedDevice:
    held = db.session.scalars(_live(run.id).where(PairedDevice.session_id == session_id).with_for_update()).first()
    if held is not None and (held.kind, held.paired_by, held.until) == (wanted.kind, wanted.paired_by, wanted.until):
        return held
    if held is not None:
        held.revoked_at = clock.now()
        db.session.flush()
    row = PairedDevice(
        run_id=run.id, session_id=session_id, kind=wanted.kind, label=wanted.label, paired_by=wanted.paired_by,
        until=wanted.until,
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as exc:
        # Two taps at once: the index let one in, and both mean the same phone.
        if not violated(exc, "uq_paired_device_live"):
            raise
        return db.session.scalars(_live(run.id).where(PairedDevice.session_id == session_id)).one()
    audit.record("device.paired", row, unit_id=run.unit_id, run_id=run.id, kind=row.kind)
    return row


def _live(run_id: int) -> Select[PairedDevice]:
    return select(PairedDevice).where(PairedDevice.run_id == run_id, PairedDevice.revoked_at.is_(None))


def _open_invitations(run_id: int) -> Select[DeviceInvitation]:
    return select(DeviceInvitation).where(DeviceInvitation.run_id == run_id, DeviceInvitation.revoked_at.is_(None))


def _is_good(row: DeviceInvitation) -> bool:
    return row.revoked_at is None and row.expires_at > clock.now() and row.uses < row.most


def _midnight_after(instant: datetime) -> datetime:
    return clock.at_local(clock.day_of(instant) + timedelta(days=1))


def _day_to_help(run_id: int) -> datetime:
    """Return an instant of today when the run meets today, else the begin of its first meeting to come.

    :raise RunIsOver: when none is left
    """
    ahead = Meeting.ends_at >= clock.at_local(clock.today())
    found = db.session.scalars(
        select(Meeting.starts_at).where(Meeting.run_id == run_id, ahead).order_by(Meeting.starts_at)
    )
    begins = found.first()
    if begins is None:
        raise RunIsOver
    return max(begins, clock.now())
