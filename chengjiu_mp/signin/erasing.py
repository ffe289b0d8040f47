"""Codes, sessions and trainees' accounts that have served their time."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select, update

from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.people.erasing import no_index
from chengjiu_mp.signin.models import Account, PhoneCode, RoleGrant, SignInSession
from chengjiu_mp.wechat.models import WechatBinding


def drop_codes_before(moment: datetime, limit: int) -> int:
    """Delete codes that ended before ``moment``, at most ``limit``; return how many."""
    old = select(PhoneCode.id).where(PhoneCode.expires_at < moment).order_by(PhoneCode.id).limit(limit)
    gone = delete(PhoneCode).where(PhoneCode.id.in_(old.scalar_subquery()))
    return len(db.session.scalars(gone.returning(PhoneCode.id)).all())


def drop_sessions_before(moment: datetime, limit: int, *, kept: ColumnElement[bool]) -> int:
    """Delete sessions that ended before ``moment``, at most ``limit``; return how many.

    :param kept: a condition on SignInSession for those that something still stands on; they only forget their phone
    """
    ended = (SignInSession.expires_at < moment) | (SignInSession.revoked_at < moment)
    old = select(SignInSession.id).where(ended, ~kept).order_by(SignInSession.id).limit(limit)
    gone = delete(SignInSession).where(SignInSession.id.in_(old.scalar_subquery()))
    forgets = update(SignInSession).where(ended, SignInSession.phone_index.is_not(None))
    db.session.execute(forgets.values(phone_index=None, phone_proved_at=None))
    return len(db.session.scalars(gone.returning(SignInSession.id)).all())


def close_idle_trainees(moment: datetime, limit: int, *, kept: ColumnElement[bool]) -> int:
    """Close trainees' accounts opened before ``moment`` that no session is left of, at most ``limit``; return how many.

    :param kept: a condition on Account for those that something still stands on
    """
    alive = exists().where(SignInSession.account_id == Account.id, SignInSession.expires_at > clock.now())
    idle = select(Account).where(Account.created_at < moment, Account.phone_index.is_not(None), _trainee_only())
    rows = db.session.scalars(idle.where(~alive, ~kept).order_by(Account.id).limit(limit)).all()
    for row in rows:
        _close(row)
    db.session.flush()
    return len(rows)


def close_trainee_of(phone_index: bytes) -> bool:
    """Close the trainee's account of a phone and end its sessions; return whether there was one.

    Whoever acts for others besides keeps the account. The phone's next sign-in opens a fresh one.
    """
    row = db.session.scalars(select(Account).where(Account.phone_index == phone_index, _trainee_only())).first()
    if row is not None:
        _close(row)
        audit.record("account.closed", row)
    sessions = update(SignInSession).where(SignInSession.phone_index == phone_index)
    db.session.execute(sessions.values(phone_index=None, phone_proved_at=None))
    db.session.flush()
    return row is not None


def _trainee_only() -> ColumnElement[bool]:
    more = exists().where(RoleGrant.account_id == Account.id, RoleGrant.role != "trainee")
    return ~more & Account.password_hash.is_(None)


def _close(row: Account) -> None:
    # A session of an account that is switched off signs nobody in; the device goes on holding its own tickets.
    row.name, row.active, row.phone_index, row.phone_sealed = "", False, None, None
    for binding in db.session.scalars(select(WechatBinding).where(WechatBinding.account_id == row.id)):
        # The row stays for the credits that were counted on it.
        binding.openid_index, binding.phone_index = no_index(), None
        binding.openid_sealed = privacy.seal("", place=WechatBinding.PLACE, row=binding.uid)
    ours = update(SignInSession).where(SignInSession.account_id == row.id)
    db.session.execute(ours.values(phone_index=None, phone_proved_at=None))
