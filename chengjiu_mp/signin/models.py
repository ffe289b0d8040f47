"""Accounts of those who act, their dated grants, codes to phones, and sessions."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class Account(Base):
    """Somebody who signs in: by phone code, or by user name and password (staff)."""

    __tablename__ = "account"

    PLACE = "account.phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    username: Mapped[str | None] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RoleGrant(Base):
    """A role over a scope, dated; deputies are grants with an end. Every empty scope column means no limit on that
    side.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            "role in ('trainee','instructor','unit_manager','operator','approver','auditor','system')",
            name="role",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(15))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    sector_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"))
    key_group: Mapped[str | None] = mapped_column(String(20))
    read_only: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class PhoneCode(Base):
    """A six-digit code sent to a phone. Five wrong tries end the code, never the person."""

    __tablename__ = "phone_code"
    __table_args__ = (CheckConstraint("tries >= 0 and tries <= 5", name="tries"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge: Mapped[str] = mapped_column(String(26), unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Base):
    """A revocable session. ``device``: a browser's cookie, with or without an account; ``bearer``: an API token.

    A sign-in gives the row a new token (no fixation) and keeps its id, so the device keeps the tickets it made.

    ``phone_index`` is a phone proved on this device within the session; look-up reads it.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (
        CheckConstraint("kind in ('device','bearer')", name="kind"),
        Index("ix_sign_in_session_account", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(6))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # Until when the account is signed in here; the device itself (its own tickets) lives on to expires_at.
    account_until: Mapped[datetime | None]
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    phone_proved_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
