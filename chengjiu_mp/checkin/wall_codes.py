"""The wall's codes: they rotate, are bound to run, venue, day and display, and nobody makes one without the key.

A code is ``<display>.<counter>.<tag>``: the display's eight characters, the number of its step since 1970, and 80 bits
of HMAC-SHA256 in base32. A claim is what a fresh code is exchanged for: bound to the phone that scanned, in a form.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = "ci1"
_TAG = 10
_CODE = re.compile(r"([a-z2-7]{8})\.([0-9]{1,10})\.([a-z2-7]{16})")
_CLAIM = re.compile(r"([a-z2-7]{8})\.([0-9]{1,10})\.([0-9]{1,14})\.([0-9a-f]{64})")
_MOST = 2_147_483_647

_master: bytes | None = None


def use_secret(secret: str) -> None:
    """Derive the key of all wall codes from the application's secret; the application factory does it once."""
    global _master
    _master = _derived(secret.encode(), "chengjiu|checkin|v1")


def _derived(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info.encode()).derive(key)


def _key(info: str) -> bytes:
    if _master is None:
        raise RuntimeError("no wall key: build the application first")
    return _derived(_master, info)


@dataclass(frozen=True)
class Bound:
    """What a display's codes are bound to. ``day`` is the meeting's in Jiangyin, ``step`` in seconds."""

    run_id: int
    venue_id: int
    day: date
    display: str
    step: int = 15

    def counter_at(self, instant: datetime) -> int:
        """Return the number of the step that ``instant`` falls in."""
        return int(instant.timestamp()) // self.step

    def code(self, counter: int) -> str:
        """Return the code of a step."""
        return f"{self.display}.{counter}.{self._tag(counter)}"

    def holds(self, code: "Code") -> bool:
        """Return whether this display made the code; how old it is plays no part."""
        return hmac.compare_digest(self._tag(code.counter), code.tag)

    def _tag(self, counter: int) -> str:
        key = _key(f"{_VERSION}|{self.run_id}|{self.venue_id}|{self.day.isoformat()}|{self.display}")
        text = f"{_VERSION}|{self.run_id}|{self.venue_id}|{self.display}|{counter}"
        tag = hmac.new(key, text.encode(), hashlib.sha256).digest()[:_TAG]
        return base64.b32encode(tag).decode().lower()


@dataclass(frozen=True)
class Code:
    """What a phone scanned."""

    display: str
    counter: int
    tag: str


def read_code(text: str) -> Code | None:
    """Return what a link holds, None when it is no code."""
    found = _CODE.fullmatch(text)
    if not found or int(found[2]) > _MOST:
        return None
    return Code(found[1], int(found[2]), found[3])


def new_display() -> str:
    """Return the eight characters that name a display in its link."""
    return base64.b32encode(secrets.token_bytes(5)).decode().lower()


@dataclass(frozen=True)
class Claim:
    """A fresh code, exchanged on one phone. ``made_ms``: when, in milliseconds since 1970."""

    display: str
    counter: int
    made_ms: int

    def sealed_for(self, device_id: int) -> str:
        """Return it as text that only this device's session can hand in."""
        return f"{self.display}.{self.counter}.{self.made_ms}.{self._mac(device_id)}"

    def _mac(self, device_id: int) -> str:
        text = f"{_VERSION}|{self.display}|{self.counter}|{self.made_ms}|{device_id}"
        return hmac.new(_key("chengjiu|wall-claim|v1"), text.encode(), hashlib.sha256).hexdigest()


def read_claim(text: str, device_id: int | None) -> tuple[Claim | None, bool]:
    """Return what the text says, and whether it was made for this device; only then may it be believed."""
    found = _CLAIM.fullmatch(text)
    if not found or int(found[2]) > _MOST:
        return None, False
    claim = Claim(found[1], int(found[2]), int(found[3]))
    return claim, device_id is not None and hmac.compare_digest(claim.sealed_for(device_id), text)
