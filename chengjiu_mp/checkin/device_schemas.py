"""What paired phones and invitations look like from outside."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.people.invisible import to_be_seen


def _to_be_seen(said: Any) -> Any:
    return to_be_seen(said) if isinstance(said, str) else said


# Others read it, in the list of phones and beside each check-in: nothing in it turns or hides what stands around it.
Label = Annotated[str, BeforeValidator(_to_be_seen)]


class DeviceOut(Out):
    """A phone that checks in to one run. ``label``: who holds it; ``scans``: how many were made with it.

    ``state``: "live", "revoked" or "ended" (its time is over, or a newer pairing took its place).
    """

    id: int
    run_id: int
    kind: Literal["own", "helper"]
    label: str
    paired_by: str
    created_at: datetime
    until: datetime
    seen_at: datetime
    state: Literal["live", "revoked", "ended"]
    scans: int
    here: bool


class DevicesOut(Out):
    items: list[DeviceOut]


class InvitationOut(Out):
    """``url`` is what helpers scan, until ``expires_at`` and for ``most`` phones; making another one ends it."""

    run_id: int
    url: str
    expires_at: datetime
    most: int
    uses: int


class InvitedOut(Out):
    """What a helper is asked. ``until``: how long the phone would help; ``paired``: it does already."""

    run_id: int
    title: str
    venue: str
    starts_at: datetime
    ends_at: datetime
    invited_by: str
    until: datetime
    paired: bool


class AcceptIn(In):
    """``label``: the helper's name, by which the instructor knows whose phone it is."""

    label: Label = Field(min_length=1, max_length=20, pattern=r"\S")


class PairedOut(Out):
    """``access_token``: the bearer token of a program that came without any, shown once; it ends with ``until``.

    A caller with a session of their own is paired by that, and gets none.
    """

    run_id: int
    label: str
    until: datetime
    access_token: str | None
