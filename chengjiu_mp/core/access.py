"""Who may call what. Every route declares it; the application refuses to start when one does not (rel-Z1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask

from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.errors import NotAllowed, NotFound, SignInNeeded

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "_access"
ROLES = ("trainee", "instructor", "unit_manager", "operator", "approver", "auditor", "system")


@dataclass(frozen=True)
class Access:
    """``public``: anybody. Otherwise a signed-in account with one of ``roles`` (empty: any account).

    ``devices``: a device that was ever paired gets as far as the view as well; the view asks whether it is paired with
    what it wants, now.
    """

    public: bool = False
    roles: frozenset[str] = frozenset()
    hidden: bool = False
    devices: bool = False

    def describe(self) -> str:
        """Return the declaration in words, for the API document and the role table."""
        if self.public:
            return "public"
        return (", ".join(sorted(self.roles)) or "signed in") + (", or a paired device" if self.devices else "")


PUBLIC = Access(public=True)
SIGNED_IN = Access()


def roles(*names: str, devices: bool = False) -> Access:
    """Return an access for accounts that hold any of ``names``; ``devices``: or from a paired device."""
    unknown = set(names) - set(ROLES)
    if unknown:
        raise ValueError(f"unknown roles: {sorted(unknown)}")
    return Access(roles=frozenset(names), devices=devices)


_paired: Callable[[int], bool] = lambda _device_id: False  # noqa: E731  a hook, replaced by use_devices


def use_devices(paired: Callable[[int], bool]) -> None:
    """Let ``paired`` say whether a device session was ever paired; asked only where a view takes such devices and the
    caller's roles do not suffice.
    """
    global _paired
    _paired = paired


STAFF = roles("unit_manager", "operator", "approver", "auditor")
OFFICE = roles("operator", "approver")


def access(who: Access) -> Callable[[F], F]:
    """Mark a view with who may call it."""

    def mark(view: F) -> F:
        setattr(view, _MARK, who)
        return view

    return mark


def access_of(view: Callable[..., Any] | None) -> Access | None:
    """Return the declaration of a view, None when there is none."""
    return getattr(view, _MARK, None)


def enforce(who: Access | None, caller: Principal, *, writing: bool) -> None:
    """Let the caller pass, or refuse.

    :raise SignInNeeded: nobody is signed in; :raise NotAllowed: the roles do not suffice; a read-only grant does not
    write"""
    if who is None:
        raise NotFound
    if who.public:
        return
    held = {g.role for g in caller.grants if not (writing and g.read_only)}
    if caller.account_id is not None and not (who.roles and who.roles.isdisjoint(held)):
        return
    if who.devices and caller.device_id is not None and _paired(caller.device_id):
        return
    raise SignInNeeded if caller.account_id is None else NotAllowed


def check_every_route_declares(app: Flask) -> None:
    """Refuse to start while a route says nothing of who may.

    :raise RuntimeError: naming the bare endpoints
    """
    bare = sorted({
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[2] != "static" and access_of(app.view_functions[rule.endpoint]) is None
    })  # fmt: skip
    if bare:
        raise RuntimeError(f"routes that do not declare who may: {', '.join(bare)}")
