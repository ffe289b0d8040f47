"""Ways to reach a person, in the order in which they are tried. The console twin stands where no provider is
connected: it sends nothing.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from chengjiu_mp.outbox import sms, wording
from chengjiu_mp.outbox.parcels import Outcome, Parcel


class Channel(Protocol):
    """One way to reach a person.

    ``takes`` says, in the transaction that writes the message, whether it is worth trying. ``send`` runs outside of
    any transaction: it raises ``Unreachable`` for what may work later; ``delivered=False`` is for what never will.
    """

    def takes(self, parcel: Parcel) -> bool: ...

    def send(self, parcel: Parcel) -> Outcome: ...


@runtime_checkable
class ManyAtOnce(Protocol):
    """A channel that has to look people up, and can do so for many at once."""

    def taken(self, parcels: Sequence[Parcel]) -> list[Parcel]: ...


def taken_by(channel: Channel, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Return those of many parcels that a channel takes."""
    if isinstance(channel, ManyAtOnce):
        return channel.taken(parcels)
    return [one for one in parcels if channel.takes(one)]


class ConsoleChannel:
    """Accepts everything: the sealed message in the database is what demo users and tests read."""

    def takes(self, parcel: Parcel) -> bool:
        """Return whether there is a phone that short messages would reach."""
        return parcel.phone is not None and not parcel.abroad

    def send(self, parcel: Parcel) -> Outcome:
        """Return at once; nothing leaves the machine."""
        return Outcome(delivered=bool(parcel.phone and parcel.body))


class SmsChannel:
    """Short messages by approved templates."""

    def __init__(self, settings: sms.SmsSettings) -> None:
        self._settings = settings

    def takes(self, parcel: Parcel) -> bool:
        """Return whether there is a phone here; a missing template is found and told when it is sent."""
        return parcel.phone is not None and not parcel.abroad

    def send(self, parcel: Parcel) -> Outcome:
        """Send by the closest template that the message fills."""
        if parcel.phone is None:
            return Outcome(delivered=False, reason="no_phone")
        said = wording.variables(parcel)
        for template in self._settings.templates_for(parcel.kind):
            values = wording.filled(template.variables, said, self._settings.longest)
            if values is None:
                continue
            try:
                sms.send(self._settings, parcel.phone, template, values, str(parcel.message_id))
            except sms.SmsRefused as refused:
                return Outcome(delivered=False, reason=str(refused))
            return Outcome(delivered=True)
        return Outcome(delivered=False, reason="no_template")


_channels: dict[str, Channel] = {"console": ConsoleChannel()}


def use_channels(chosen: dict[str, Channel]) -> None:
    """Install the process's channels by name, in the order in which they are tried."""
    _channels.clear()
    _channels.update(chosen)


def channels() -> dict[str, Channel]:
    """Return the process's channels by name."""
    return _channels
