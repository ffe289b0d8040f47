"""Phones that may check in to one run without anybody being signed in on them, and the invitations that pair them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_LIVE = text("revoked_at is null")


class PairedDevice(Base):
    """A phone that scans and ticks one run ``until`` then, and nothing else (feat-B11).

    ``own``: of who paired it, for when their sign-in ends by the clock. ``helper``: of somebody they invited, who has
    no account; ``label`` is what that person typed as their name, for the instructor. A row is ended, never changed:
    ``revoked_by`` is empty where a newer pairing of the same phone took its place.
    """

    __tablename__ = "paired_device"
    __table_args__ = (
        Index("uq_paired_device_live", "run_id", "session_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        CheckConstraint("kind in ('own','helper')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"), index=True)
    # The browser's device session; empty once the session has served its time.
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in_session.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(40))
    paired_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class DeviceInvitation(Base):
    """What a helper's phone scans: good for a few minutes and a few phones. A run has one at a time.

    The token is sealed too: the page that shows its code may be opened again.
    """

    __tablename__ = "device_invitation"
    __table_args__ = (
        Index("uq_device_invitation_live", "run_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        CheckConstraint("uses >= 0 and uses <= most", name="uses"),
    )

    PLACE = "device_invitation.token"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    run_id: Mapped[int] = mapped_column(ForeignKey("course_run.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    most: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    revoked_at: Mapped[datetime | None]
