"""A phone changed at the desk, on its way: looked at, proved by a code, decided by a second one for a child."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base

_OPEN = text("state in ('sent','proved')")


class PhoneChange(Base):
    """``sent``: the new phone has a code; ``proved``: it answered, and waits for a second person; then ``done``,
    ``refused``, or ``dropped`` because another one began.

    The database refuses that one account changes a minor's phone alone, and a change whose code nobody answered.
    """

    __tablename__ = "phone_change"
    __table_args__ = (
        CheckConstraint("state in ('sent','proved','done','refused','dropped')", name="state"),
        CheckConstraint("state not in ('proved','done') or proved_at is not null", name="proved"),
        CheckConstraint("decided_by is null or decided_by <> made_by", name="two_people"),
        CheckConstraint("not minor or state <> 'done' or decided_by is not null", name="minors_by_two"),
        Index("uq_phone_change_open", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    PLACE = "phone_change.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    challenge: Mapped[str] = mapped_column(String(26))
    state: Mapped[str] = mapped_column(String(10))
    minor: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    seen_document: Mapped[str] = mapped_column(String(30))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proved_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision: Mapped[str] = mapped_column(String(200), default="")
