"""What the platform seals: callbacks in safe mode, and a user's open data."""

import base64
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_CALLBACK_BLOCK, _DATA_BLOCK = 32, 16


class NotOurs(Exception):
    """Damaged, sealed under another key, or meant for another program."""


class CallbackSeal:
    """Opens and seals callbacks under the key from the platform's settings.

    :raise ValueError: when the key is not 43 characters of base64
    """

    def __init__(self, encoding_aes_key: str, appid: str) -> None:
        try:
            self._key = base64.b64decode(encoding_aes_key + "=", validate=True)
        except ValueError:
            raise ValueError("EncodingAESKey") from None
        if len(self._key) != 32:
            raise ValueError("EncodingAESKey")
        self._appid = appid.encode()

    def open(self, text: str) -> bytes:
        """Return the message: after 16 random bytes and its length, before our own appid.

        :raise NotOurs: in any other case
        """
        plain = _unpad(_decrypt(self._key, self._key[:16], text), _CALLBACK_BLOCK)
        length = int.from_bytes(plain[16:20], "big")
        if plain[20 + length :] != self._appid:
            raise NotOurs
        return plain[20 : 20 + length]

    def seal(self, message: bytes, *, salt: bytes | None = None) -> str:
        """Return ``message`` sealed; ``salt`` is 16 bytes, random unless given."""
        salt = secrets.token_bytes(16) if salt is None else salt
        plain = salt + len(message).to_bytes(4, "big") + message + self._appid
        return _encrypt(self._key, self._key[:16], plain, _CALLBACK_BLOCK)


def open_data(encrypted: str, iv: str, session_key: str, appid: str) -> dict[str, Any]:
    """Return a user's open data, sealed under their session key.

    :raise NotOurs: damaged, another session's, or another program's by its watermark
    """
    try:
        key, start = base64.b64decode(session_key, validate=True), base64.b64decode(iv, validate=True)
    except ValueError:
        raise NotOurs from None
    if len(key) != 16 or len(start) != 16:
        raise NotOurs
    try:
        found = json.loads(_unpad(_decrypt(key, start, encrypted), _DATA_BLOCK))
    except ValueError:
        raise NotOurs from None
    if not isinstance(found, dict) or (found.get("watermark") or {}).get("appid") != appid:
        raise NotOurs
    return found


def _decrypt(key: bytes, iv: bytes, text: str) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotOurs from None
    if not sealed or len(sealed) % 16:
        raise NotOurs
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


def _encrypt(key: bytes, iv: bytes, plain: bytes, block: int) -> str:
    missing = block - len(plain) % block
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()).decode()


def _unpad(plain: bytes, block: int) -> bytes:
    missing = plain[-1] if plain else 0
    if not 1 <= missing <= block or plain[-missing:] != bytes([missing]) * missing:
        raise NotOurs
    return plain[:-missing]
