"""Who is who on WeChat, and the one access token all processes share."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import Base


class WechatBinding(Base):
    """An openid and the account it signs in to; the openid is sealed, and found by its blind index.

    ``phone_index`` is a phone proved by this WeChat user: messages to that phone may go there instead.
    """

    __tablename__ = "wechat_binding"

    PLACE = "wechat_binding.openid"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32))
    openid_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    openid_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class WechatToken(Base):
    """The access token of one program, or, under its appid and ``#pages``, the ticket of its pages. ``lease_until`` is
    epoch seconds by the database's clock: who holds the lease asks the platform for the next one, and nobody else does.
    """

    __tablename__ = "wechat_token"

    PLACE = "wechat_token.token"

    appid: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    lease_until: Mapped[float] = mapped_column(default=0.0)
    lease_token: Mapped[str | None] = mapped_column(String(32))
