"""Ways to reach a phone. The console twin stands where no provider is connected: it sends nothing."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Outcome:
    """What a channel did. ``reason`` is a code without personal data, for staff."""

    delivered: bool
    reason: str = ""


class Channel(Protocol):
    """One way to reach a phone. ``send`` raises for what may work later; ``delivered=False`` is for what never will."""

    def send(self, phone: str, body: str) -> Outcome: ...


class ConsoleChannel:
    """Accepts everything: the sealed message in the database is what demo users and tests read."""

    def send(self, phone: str, body: str) -> Outcome:
        """Return at once; nothing leaves the machine."""
        return Outcome(delivered=bool(phone and body))


class NotConnected:
    """Where no provider is connected in production: nothing is sent, and nothing claims to be. Staff call instead."""

    def send(self, phone: str, body: str) -> Outcome:  # noqa: ARG002
        """Say that nobody was told."""
        return Outcome(delivered=False, reason="not_connected")


_channels: dict[str, Channel] = {"console": ConsoleChannel()}


def use_channels(chosen: dict[str, Channel]) -> None:
    """Install the process's channels by name; every message gets one delivery on each of them."""
    _channels.clear()
    _channels.update(chosen)


def channels() -> dict[str, Channel]:
    """Return the process's channels by name."""
    return _channels
