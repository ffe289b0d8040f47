"""The request that is being answered: itself, and the network that it came from."""

import ipaddress
import socket

from flask import Request, request

from chengjiu_mp.core import privacy

_NETWORK = "chengjiu.network"


def asked() -> Request:
    """Return the request itself, for who looks at it more than once: each look through Flask's proxy costs as much as
    what is looked for.
    """
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def network() -> str:
    """Return a keyed name of the caller's network, for limits; the address itself is kept nowhere (of IPv6 the /64)."""
    environ = request.environ
    found: str | None = environ.get(_NETWORK)
    if found is None:
        environ[_NETWORK] = found = _network(request.remote_addr or "")
    return found


def _network(said: str) -> str:
    try:
        # What it takes stands as this library writes it, and ten times as fast as the next one reads it.
        socket.inet_pton(socket.AF_INET, said)
        whole = f"{said}/32"
    except (OSError, ValueError):  # what holds no text of an address is not even looked at
        try:
            address = ipaddress.IPv6Address(said)
        except ValueError:
            return "local"
        # A socket of both kinds writes IPv4 so: by the /64 the whole of IPv4 would be one network.
        mapped = address.ipv4_mapped
        whole = f"{mapped}/32" if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return privacy.blind_index("network", whole).hex()[:32]
