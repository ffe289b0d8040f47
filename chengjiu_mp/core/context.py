"""Who is acting and in which request: set at the edge, read by audit and logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Grant:
    """A role over a scope; every ``None`` means no limit on that side."""

    role: str
    unit_id: int | None = None
    unit_ids: frozenset[int] | None = None
    sector_id: int | None = None
    key_group: str | None = None
    read_only: bool = False


@dataclass(frozen=True)
class Principal:
    """The caller. ``account_id`` is None for the public; ``device_id`` is the device session, if any."""

    account_id: int | None = None
    name: str = ""
    grants: tuple[Grant, ...] = ()
    device_id: int | None = None
    phone_index: bytes | None = field(default=None, repr=False)

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(g.role for g in self.grants)

    def has(self, *roles: str) -> bool:
        """Return whether any of ``roles`` is granted."""
        return not self.roles.isdisjoint(roles)

    @property
    def key(self) -> str:
        """Return the name under which idempotency keys and limits of this caller live."""
        if self.account_id is not None:
            return f"account:{self.account_id}"
        return f"device:{self.device_id}" if self.device_id is not None else "public"


PUBLIC = Principal()
SYSTEM = Principal(name="system", grants=(Grant("system"),))

_principal: ContextVar[Principal] = ContextVar("principal", default=SYSTEM)
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def principal() -> Principal:
    """Return the caller of the current request, or the system outside of one."""
    return _principal.get()


def request_id() -> str:
    return _request_id.get()


def set_request(request: str, caller: Principal) -> None:
    """Begin a request; the http edge calls it first with the public and again once the caller is known."""
    _request_id.set(request)
    _principal.set(caller)


@contextmanager
def acting_as(caller: Principal, request: str = "") -> Iterator[None]:
    """Act as ``caller`` within the block: workers, seeds and tests."""
    before = _principal.set(caller), _request_id.set(request or _request_id.get())
    try:
        yield
    finally:
        _principal.reset(before[0])
        _request_id.reset(before[1])
