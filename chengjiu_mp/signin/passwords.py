"""Passwords of staff: argon2id, equal answers and work for unknown names, throttles that never shut a person out."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select

from chengjiu_mp.core import ids, limits, privacy
from chengjiu_mp.core.db import db, end_read
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.signin.errors import CredentialsWrong
from chengjiu_mp.signin.models import Account

# OWASP's second configuration: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the stored form."""
    return _hasher.hash(password)


def check_password(username: str, password: str, network: str) -> int:
    """Return the id of the account; ahead of the transaction, because the hash is slow on purpose.

    The narrow limit counts per name and network, so that nobody keeps a colleague out from elsewhere; the wide one per
    name slows down guessing from many places, and a phone code still lets the person in.

    :raise CredentialsWrong: when it is not right; :raise TooMany: when a limit is used up
    """
    name = privacy.blind_index("username", username).hex()[:32]
    limits.spend(
        Limit(f"password:{name}:{network}", 10, 900),
        Limit(f"password-name:{name}", 200, 3600),
        Limit(f"password-net:{network}", 300, 900),
    )
    query = select(Account.id, Account.password_hash, Account.active).where(Account.username == username)
    found = db.session.execute(query).first()
    end_read()
    usable = found is not None and found.active and found.password_hash is not None
    right = _matches(found.password_hash if found is not None and usable else _dummy(), password)
    if found is None or not usable or not right:
        raise CredentialsWrong
    return int(found.id)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _dummy() -> str:
    return _hasher.hash(ids.new_token())
