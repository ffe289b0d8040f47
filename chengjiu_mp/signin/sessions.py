"""Sessions: opaque tokens whose rows can be revoked; a role change bites at the next request (no JWT)."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select

from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.signin.models import Account, RoleGrant, SignInSession
from chengjiu_mp.units.queries import subtree_ids

BEARER_LIFE = timedelta(hours=12)
DEVICE_LIFE = timedelta(days=180)
# One class day for an instructor on a phone; staff at a desk work within it too.
SIGNED_IN_LIFE = timedelta(hours=12)

# Said by every request, so built once.
_SESSION, _ACCOUNT, _GRANT = table_of(SignInSession).c, table_of(Account).c, table_of(RoleGrant).c
_HOLDER = (
    select(
        _SESSION.id, _SESSION.phone_index, _SESSION.account_id, _SESSION.account_until, _ACCOUNT.name, _ACCOUNT.active
    )
    .outerjoin_from(table_of(SignInSession), table_of(Account), _ACCOUNT.id == _SESSION.account_id)
    .where(
        _SESSION.token_hash == bindparam("hash"), _SESSION.kind == bindparam("kind"), _SESSION.revoked_at.is_(None),
        _SESSION.expires_at > bindparam("now"),
    )
)  # fmt: skip
_GRANTS = (
    select(table_of(RoleGrant))
    .where(
        _GRANT.account_id == bindparam("account"),
        or_(_GRANT.valid_from.is_(None), _GRANT.valid_from <= bindparam("today")),
        or_(_GRANT.valid_to.is_(None), _GRANT.valid_to >= bindparam("today")),
    )
    .order_by(_GRANT.id)
)


def open_session(kind: str, account_id: int | None = None) -> tuple[str, SignInSession]:
    """Add a session of ``kind`` ("device" or "bearer") and return its token, shown once, and its row."""
    token, now = ids.new_token(), clock.now()
    row = SignInSession(
        kind=kind,
        token_hash=ids.token_hash(token),
        account_id=account_id,
        account_until=now + SIGNED_IN_LIFE if account_id else None,
        expires_at=now + (DEVICE_LIFE if kind == "device" else BEARER_LIFE),
    )
    db.session.add(row)
    db.session.flush()
    return token, row


def sign_in_device(device_id: int, account_id: int) -> str:
    """Sign an account in on an existing device and return the device's new token; the old one ends (no fixation)."""
    row = db.session.get_one(SignInSession, device_id)
    token = ids.new_token()
    row.token_hash, row.account_id, row.account_until = (
        ids.token_hash(token),
        account_id,
        clock.now() + SIGNED_IN_LIFE,
    )
    return token


def prove_phone(session_id: int, phone_index: bytes) -> None:
    """Remember on a session that its holder just proved a phone; look-up reads it."""
    row = db.session.get_one(SignInSession, session_id)
    row.phone_index, row.phone_proved_at = phone_index, clock.now()


def sign_out(session_id: int) -> None:
    """End the sign-in: a bearer token is revoked, a device forgets its account and proved phone but keeps its own
    tickets.
    """
    row = db.session.get_one(SignInSession, session_id)
    if row.kind == "bearer":
        # Its account stays named on it: what was signed up with this token goes on being the account's.
        row.revoked_at = clock.now()
    else:
        row.account_id = row.account_until = None
    row.phone_index = row.phone_proved_at = None


def principal_of(token: str, kind: str) -> Principal | None:
    """Return who holds ``token``, None when it is unknown, ended or of another kind."""
    if not ids.looks_like_token(token):
        return None
    now = clock.now()
    row = execute(_HOLDER, {"hash": ids.token_hash(token), "kind": kind, "now": now}).first()
    if row is None:
        return None
    signed_in = row.active and (row.account_until is None or row.account_until > now)
    if not signed_in:
        # A token that is nobody's account is a helper's, and opens what it was paired with; one that was ends here.
        ended = kind == "bearer" and row.account_id is not None
        return None if ended else Principal(device_id=row.id, phone_index=row.phone_index)
    return Principal(
        account_id=row.account_id, name=row.name, grants=grants_of(row.account_id), device_id=row.id,
        phone_index=row.phone_index,
    )  # fmt: skip


def lasts_until(session_id: int, until: datetime) -> datetime:
    """Let a session that is there last until an instant, and return until when it does: what is an account's bearer
    token ends as it would have.
    """
    row = db.session.get_one(SignInSession, session_id)
    if row.kind == "bearer" and row.account_id is not None:
        return min(until, row.expires_at)
    row.expires_at = max(row.expires_at, until)
    return until


def grants_of(account_id: int) -> tuple[Grant, ...]:
    """Return the grants that hold today, each with the ids of its unit's subtree."""
    db.session.flush()
    rows = execute(_GRANTS, {"account": account_id, "today": clock.today()})
    return tuple(
        Grant(
            role=row.role, unit_id=row.unit_id, unit_ids=subtree_ids(row.unit_id) if row.unit_id else None,
            sector_id=row.sector_id, key_group=row.key_group, read_only=row.read_only,
        )
        for row in rows
    )  # fmt: skip
