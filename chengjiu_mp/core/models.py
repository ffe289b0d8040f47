"""Tables of the ground floor: jobs, idempotency keys, limits, audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Job(Base):
    """Work that must happen after the commit that asked for it (rel-J1).

    ``dedupe_key`` makes an effect happen once (rel-J2). ``lease_until`` is epoch seconds by the database's clock.
    ``due`` orders what waits; ``postponed`` counts the rests that were no attempt (``jobs.Later``).
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','dead')", name="state"),
        Index("ix_job_runnable", "state", "run_after"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    queue: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int]
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    postponed: Mapped[int] = mapped_column(default=0, server_default="0")
    due: Mapped[float] = mapped_column(default=0.0, server_default="0")
    run_after: Mapped[float] = mapped_column(default=0.0)
    announced_at: Mapped[float] = mapped_column(default=0.0)
    lease_until: Mapped[float] = mapped_column(default=0.0)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """A reply kept for its repeat, written in the business transaction (rel-I16). The body is sealed: it may hold a
    ticket.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("uq_idempotency_key_principal_key", "principal", "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    principal: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int] = mapped_column(default=0)
    body_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class LimitCounter(Base):
    """Hits per key in buckets of a tenth of the window; ``hits`` is {bucket number: count}."""

    __tablename__ = "limit_counter"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    hits: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    touched_at: Mapped[float] = mapped_column(default=0.0)


class AuditEntry(Base):
    """Who did what to which object; append-only (a trigger refuses anything else). ``facts`` holds no personal data."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_type", "object_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    unit_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    request_id: Mapped[str] = mapped_column(String(40), default="")


class BeatSlot(Base):
    """One row per scheduled run, so that two schedulers are harmless."""

    __tablename__ = "beat_slot"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    slot: Mapped[str] = mapped_column(String(40))
    __table_args__ = (Index("uq_beat_slot_name_slot", "name", "slot", unique=True),)
