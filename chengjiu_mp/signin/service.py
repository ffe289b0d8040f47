"""Accounts, their grants, and what a sign-in changes."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, context, ids, privacy
from chengjiu_mp.core.access import ROLES
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.errors import AccountClosed
from chengjiu_mp.signin.models import Account, RoleGrant, SignInSession
from chengjiu_mp.signin.passwords import hash_password

Days = tuple[date | None, date | None]


def add_account(
    name: str, *, phone: str | None = None, username: str | None = None, password: str | None = None
) -> Account:
    """Add an account; ``phone`` is a normalised number."""
    uid = ids.new_uid()
    row = Account(
        uid=uid, name=name, username=username, password_hash=hash_password(password) if password else None,
        phone_index=privacy.phone_index(phone) if phone else None,
        phone_sealed=privacy.seal(phone, place=Account.PLACE, row=uid) if phone else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("account.added", row)
    return row


def grant_role(
    account: Account, role: str, *, unit_id: int | None = None, sector_id: int | None = None,
    key_group: str | None = None, read_only: bool = False, valid: Days = (None, None),
) -> RoleGrant:  # fmt: skip
    """Grant a role over a scope; every None is no limit on that side, ``valid`` is the first and last day (a deputy's).

    :raise ValueError: for a role that does not exist
    """
    if role not in ROLES:
        raise ValueError(role)
    row = RoleGrant(
        account_id=account.id, role=role, unit_id=unit_id, sector_id=sector_id, key_group=key_group,
        read_only=read_only, valid_from=valid[0], valid_to=valid[1],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("role.granted", row, unit_id=unit_id, account=account.id, role=role)
    return row


def account_of_phone(phone_index: bytes) -> Account:
    """Return the account of a phone that was just proved; a phone without one becomes a trainee's.

    The trainee's number itself is not kept: the index finds their sign-ups, and those hold it.

    :raise AccountClosed: when the account is switched off
    """
    found = account_with_phone(phone_index) or _new_trainee(phone_index)
    if not found.active:
        raise AccountClosed
    return found


def account_with_phone(phone_index: bytes) -> Account | None:
    """Return the account of a phone, None when it has none."""
    return db.session.scalars(select(Account).where(Account.phone_index == phone_index)).first()


def _new_trainee(phone_index: bytes) -> Account:
    fresh = Account(uid=ids.new_uid(), name="", phone_index=phone_index, active=True)
    try:
        with db.session.begin_nested():
            db.session.add(fresh)
    except IntegrityError as exc:
        found = account_with_phone(phone_index) if violated(exc, "uq_account_phone_index") else None
        if found is None:
            raise
        return found
    db.session.add(RoleGrant(account_id=fresh.id, role="trainee"))
    audit.record("account.added", fresh)
    db.session.flush()
    return fresh


def principal_of_account(account_id: int) -> context.Principal:
    """Return an account with the grants that hold today, as a caller without a session."""
    row = db.session.get_one(Account, account_id)
    return context.Principal(account_id=row.id, name=row.name, grants=sessions.grants_of(row.id))


def open_bearer(account_id: int, phone_index: bytes | None = None, *, by: str = "") -> tuple[str, list[str]]:
    """Sign an account in for a program: return the token, shown once, and the roles that hold today.

    :param by: what was proved, where it is neither a phone's code nor a password
    """
    token, row = sessions.open_session("bearer", account_id)
    _signed_in(row, account_id, phone_index, by)
    return token, sorted({g.role for g in sessions.grants_of(account_id)})


def sign_in_here(account_id: int, phone_index: bytes | None = None) -> str:
    """Sign an account in on the caller's device and return the device's new token (no fixation)."""
    device_id = context.principal().device_id
    if device_id is None:
        token, row = sessions.open_session("device", account_id)
    else:
        token, row = sessions.sign_in_device(device_id, account_id), db.session.get_one(SignInSession, device_id)
    _signed_in(row, account_id, phone_index)
    return token


def sign_out_here() -> None:
    """End the caller's sign-in."""
    session_id = context.principal().device_id
    if session_id is not None:
        sessions.sign_out(session_id)
        audit.record("session.ended", db.session.get_one(SignInSession, session_id))


def _signed_in(row: SignInSession, account_id: int, phone_index: bytes | None, by: str = "") -> None:
    by = by or ("code" if phone_index else "password")
    if phone_index is not None:
        sessions.prove_phone(row.id, phone_index)
    audit.record("session.opened", row, account=account_id, kind=row.kind, by=by)
