"""A message as a channel gets it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Parcel:
    """What is to be brought to whom. The phone and the text are open here, and go nowhere but to the channel."""

    message_id: int
    kind: str
    body: str = field(repr=False)
    phone: str | None = field(repr=False)
    phone_index: bytes | None = field(repr=False)
    account_id: int | None
    written_at: datetime

    @property
    def abroad(self) -> bool:
        """Return whether the phone is one that short messages do not reach; staff can call it."""
        return self.phone is not None and self.phone.startswith("+")


@dataclass(frozen=True)
class Outcome:
    """What a channel did. ``reason`` is a code without personal data, for staff.

    :ivar effect: runs in the transaction that records the outcome
    """

    delivered: bool
    reason: str = ""
    effect: Callable[[], None] | None = None
