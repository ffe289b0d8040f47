"""A reader of signed codes and lists in Python, written from the format's description and from nothing of the product's."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CODE, LIST = b"JYRC1 certificate\n", b"JYRC1 list\n"


def unbase(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def short(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:8]).decode().rstrip("=")


def read(text: str, purpose: bytes, keys: Mapping[str, str]) -> list[Any] | None:
    """Return what is said, None unless a listed key signed exactly this text."""
    try:
        raw = unbase(text)
        payload, signature = raw[:-64], raw[-64:]
        said = json.loads(payload)
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text or said[0] != 1:
            return None
        Ed25519PublicKey.from_public_bytes(unbase(keys[said[1]])).verify(signature, purpose + payload)
    except (ValueError, KeyError, IndexError, TypeError, InvalidSignature):
        return None
    return list(said)
