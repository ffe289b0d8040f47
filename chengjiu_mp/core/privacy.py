"""Sealing of personal data, and the blind index that finds it again.

Sealed form: ``0x01 | key id (4 bytes) | nonce (12) | AES-256-GCM ciphertext``, bound to table, column and row by the
associated data, so that a value moved to another place does not open (rel-P3). The blind index is the full
HMAC-SHA256 under a key of its own (rel-P2): a bare hash of an identity number is reversed in minutes."""

import base64
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"


class Unsealable(Exception):
    """A sealed value does not open here: wrong place, wrong key, or damaged."""


@dataclass(frozen=True)
class Keys:
    """The data keys by id (the newest seals), and the index key."""

    data: dict[str, bytes]
    current: str
    index: bytes
    index_version: int = 1


class Vault:
    """Seals, opens and indexes under one set of keys."""

    def __init__(self, keys: Keys) -> None:
        if any(len(k) != 32 for k in keys.data.values()) or len(keys.index) < 32:
            raise ValueError("data keys are 32 bytes, the index key at least 32")
        if any(len(kid) != 4 for kid in keys.data):
            raise ValueError("a key id has 4 characters")
        self._keys = keys
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.data.items()}

    def seal(self, value: str, *, place: str, row: str) -> bytes:
        """Return ``value`` sealed for ``place`` ("table.column") and the row's uid."""
        kid = self._keys.current
        nonce = os.urandom(12)
        return (
            _VERSION + kid.encode() + nonce + self._ciphers[kid].encrypt(nonce, value.encode(), _bind(place, row, kid))
        )

    def open(self, sealed: bytes, *, place: str, row: str) -> str:
        """Return the value.

        :raise Unsealable: when it was not sealed for this place and row, or its key is gone
        """
        kid = sealed[1:5].decode("ascii", "replace")
        if sealed[:1] != _VERSION or kid not in self._ciphers:
            raise Unsealable(place)
        try:
            return self._ciphers[kid].decrypt(sealed[5:17], sealed[17:], _bind(place, row, kid)).decode()
        except InvalidTag:
            raise Unsealable(place) from None

    def index(self, label: str, value: str) -> bytes:
        """Return the blind index of ``value`` under ``label``, 32 bytes; equal inputs give equal outputs."""
        text = f"chengjiu|{label}|v{self._keys.index_version}|{value}"
        return hmac.digest(self._keys.index, text.encode(), "sha256")


def _bind(place: str, row: str, kid: str) -> bytes:
    return f"{place}|{row}|{kid}".encode()


_vault: Vault | None = None


def use_vault(vault: Vault) -> None:
    """Install the process's vault; the application factory does it once."""
    global _vault
    _vault = vault


def _current() -> Vault:
    if _vault is None:
        raise RuntimeError("no vault: build the application first")
    return _vault


def seal(value: str, *, place: str, row: str) -> bytes:
    """Seal with the process's vault; see :meth:`Vault.seal`."""
    return _current().seal(value, place=place, row=row)


def unseal(sealed: bytes, *, place: str, row: str) -> str:
    """Open with the process's vault; see :meth:`Vault.open`."""
    return _current().open(sealed, place=place, row=row)


def blind_index(label: str, value: str) -> bytes:
    """Index with the process's vault; see :meth:`Vault.index`."""
    return _current().index(label, value)


def phone_index(number: str) -> bytes:
    """Return the blind index of a normalised phone number."""
    return blind_index("phone", number)


def document_index(doc_type: str, number: str) -> bytes:
    """Return the blind index of a normalised document number; the type is part of it (rel 3.2)."""
    return blind_index("idno", f"{doc_type}|{number}")


def key_from_text(text: str) -> bytes:
    """Return the bytes of a base64 key.

    :raise ValueError: when it is not 32 bytes
    """
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key is 32 bytes in base64")
    return key
