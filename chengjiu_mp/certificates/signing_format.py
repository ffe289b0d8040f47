"""The bytes of the second code and of the list of what no longer stands: what is signed, and how it is written.

Both are a JSON array in UTF-8 with the signature behind it, in base64url without padding. What reads them has a JSON
parser in every browser and needs none of ours. The algorithm is Ed25519 and is named nowhere in what is signed, so
nobody can ask for another one (rel-V2). The purpose is signed along, so that neither passes for the other.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VERSION = 1
CODE, LIST = b"JYRC1 certificate\n", b"JYRC1 list\n"
# A token's hash, cut: 64 bits tell fifteen thousand certificates a year apart, and lead back to no token.
HASH_BYTES = 8


@dataclass(frozen=True)
class Claims:
    """What a code says. ``name`` is masked, as on the public page: whoever holds the code's picture reads it."""

    kid: str
    token_hash: bytes
    number: str
    kind: str
    issued_on: date
    valid_until: date | None
    name: str
    test: bool


def code_text(claims: Claims, key: Ed25519PrivateKey) -> str:
    """Return the signed text of a certificate's code."""
    until = _day(claims.valid_until) if claims.valid_until else None
    said = [
        VERSION, claims.kid, short(claims.token_hash), claims.number, claims.kind, _day(claims.issued_on), until,
        claims.name, int(claims.test),
    ]  # fmt: skip
    return _signed(said, CODE, key)


def list_text(
    kid: str, made: datetime, ends: datetime, revoked: Sequence[bytes], corrected: Sequence[bytes],
    key: Ed25519PrivateKey,
) -> str:  # fmt: skip
    """Return the signed text of the list: hashes of revoked and of corrected codes, when it was made and ends."""
    entries = [[short(one) for one in some] for some in (revoked, corrected)]
    return _signed([VERSION, kid, int(made.timestamp()), int(ends.timestamp()), *entries], LIST, key)


def short(token_hash: bytes) -> str:
    """Return how a token's hash is written in a code and in the list."""
    return plain(token_hash[:HASH_BYTES])


def plain(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(said: list[object], purpose: bytes, key: Ed25519PrivateKey) -> str:
    payload = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return plain(payload + key.sign(purpose + payload))


def _day(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
