"""Identifiers and tokens.

Rows have integer keys inside and, where a person may meet them, an unguessable token outside: 26 lower-case base32
characters (130 bits, rel-T4), stored as a SHA-256 for look-up and, where it must be shown again, encrypted."""

import base64
import hashlib
import os
import secrets

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
# Without 0/O, 1/I/L: a person reads this code aloud in a noisy hall.
_SPOKEN = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

TOKEN_LENGTH = 26
# 136 bits, of which the first 130 make the characters; drawn at once, because every draw asks the system.
_TOKEN_BYTES = 17


def new_token() -> str:
    """Return 26 random lower-case base32 characters."""
    return base64.b32encode(os.urandom(_TOKEN_BYTES)).decode().lower()[:TOKEN_LENGTH]


def token_hash(token: str) -> bytes:
    """Return the look-up form of a token. The token has 130 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def looks_like_token(text: str) -> bool:
    """Return whether ``text`` could be one of our tokens; saves a look-up for everything else."""
    return len(text) == TOKEN_LENGTH and all(c in _BASE32 for c in text)


def new_uid() -> str:
    """Return 32 hex characters that bind sealed values to their row."""
    return os.urandom(16).hex()


def new_spoken_code(length: int = 6) -> str:
    """Return a short code that survives being read aloud; unique only within a run, guarded by an index there."""
    # Drawn at once, as above; 31 letters, so that every code is as likely as any other.
    left, letters = secrets.randbelow(len(_SPOKEN) ** length), []
    for _ in range(length):
        left, letter = divmod(left, len(_SPOKEN))
        letters.append(_SPOKEN[letter])
    return "".join(letters)


def new_digits(length: int = 6) -> str:
    """Return random decimal digits, leading zeros kept."""
    return "".join(secrets.choice("0123456789") for _ in range(length))
