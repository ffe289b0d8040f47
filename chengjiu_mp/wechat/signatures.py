"""The platform's signatures. Compared in constant time."""

import hashlib
import hmac


def callback(*parts: str) -> str:
    """Return the signature of a callback: of token, timestamp and nonce, in safe mode of the sealed text too."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  the platform's choice


def page(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """Return the signature with which a page may use the JS-SDK; what follows # is no part of its address."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324


def raw_data(text: str, session_key: str) -> str:
    """Return the signature of a user's ``rawData``."""
    return hashlib.sha1((text + session_key).encode()).hexdigest()  # noqa: S324


def matches(given: str, right: str) -> bool:
    """Return whether a signature is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
