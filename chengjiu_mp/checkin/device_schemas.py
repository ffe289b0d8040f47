"""What paired phones and invitations look like from outside."""

from datetime import datetime
from typing import Literal

from chengjiu_mp.core.parsing import Out


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
