"""Subscribe messages that a person allows: one tap, one message, no end date; the ledger knows how many are left."""

from sqlalchemy import delete, func, select, update

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.outbox.models import WechatCredit
from chengjiu_mp.wechat.models import WechatBinding

# More taps than this say nothing new: nobody gets twenty messages of one kind.
AT_MOST = 20


def left(binding_id: int, template_id: str) -> int:
    """Return how many messages of a template its user still allows."""
    lines = select(func.coalesce(func.sum(WechatCredit.change), 0)).where(
        WechatCredit.binding_id == binding_id, WechatCredit.template_id == template_id
    )
    return int(db.session.scalar(lines) or 0)


def accepted(binding_id: int, template_id: str) -> None:
    """Record a tap that allows one message."""
    _lock(binding_id)
    if left(binding_id, template_id) < AT_MOST:
        _write(binding_id, template_id, 1, "accepted")


def sent(binding_id: int, template_id: str, message_id: int) -> None:
    """Record that a message was sent: one is left less."""
    _lock(binding_id)
    if left(binding_id, template_id) > 0:
        _write(binding_id, template_id, -1, "sent", message_id)


def refused(binding_id: int, template_id: str, message_id: int | None = None) -> None:
    """Record that the user refuses, or that all are used up (43101): none is left, whatever we thought."""
    _lock(binding_id)
    if (rest := left(binding_id, template_id)) > 0:
        _write(binding_id, template_id, -rest, "refused", message_id)


def forget(account_id: int) -> None:
    """Delete an account's WeChat users with their lines: the account ends, and nothing may be sent there any more."""
    theirs = select(WechatBinding.id).where(WechatBinding.account_id == account_id)
    db.session.execute(delete(WechatCredit).where(WechatCredit.binding_id.in_(theirs)))
    db.session.execute(delete(WechatBinding).where(WechatBinding.account_id == account_id))


def _lock(binding_id: int) -> None:
    # The sum and the line that follows from it must not have another's line between them.
    db.session.execute(update(WechatBinding).where(WechatBinding.id == binding_id).values(id=binding_id))


def _write(binding_id: int, template_id: str, change: int, why: str, message_id: int | None = None) -> None:
    row = insert_into(WechatCredit).values(
        binding_id=binding_id, template_id=template_id, change=change, why=why, message_id=message_id, at=clock.now()
    )
    db.session.execute(row)
