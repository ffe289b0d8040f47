"""The way of a person's paper, as it is chosen and told."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out


class PaperDataOut(Out):
    """How a certificate's paper comes; the address while it is kept."""

    number: str
    way: str
    state: str
    chosen_at: datetime
    recipient: str | None
    phone: str | None
    address: str | None


class PaperIn(In):
    """``name``, ``phone`` and ``address`` are for the post alone; ``key`` comes with a look-up."""

    way: Literal["electronic", "pickup", "mail"]
    name: Annotated[str, Field(max_length=100)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    address: Annotated[str, Field(max_length=300)] = ""
    key: Annotated[str, Field(max_length=300)] = ""


class PaperOut(Out):
    """``state`` is null where there is no paper; ``open`` says whether the way may still be chosen."""

    way: Literal["electronic", "pickup", "mail"]
    state: Literal["chosen", "printed", "waiting", "sent", "collected", "delivered"] | None
    open: bool
    tracking: str | None
    has_address: bool
