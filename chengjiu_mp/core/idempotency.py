"""Idempotency keys (rel-I16): the same key and body give the same reply and one effect.

The key's row is inserted first in the business transaction. A second request with the same key waits for that row on
the unique index: it then replays the stored reply, or, when the first was rolled back, does the work itself. So there
is no "in flight" state to get stuck in."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, delete, select, update

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.models import IdempotencyKey
from chengjiu_mp.core.rows import insert_new, table_of

_PLACE = "idempotency_key.body"


@dataclass(frozen=True)
class Kept:
    """The row of a key; ``uid`` binds the sealed reply to it."""

    id: int
    uid: str


class KeyReused(Refusal):
    code = "idempotency_key_reused"
    message = "这次提交的内容与上次不同，请刷新页面后重新提交。"
    kind = Kind.INVALID


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Return what must be equal for two requests to be the same."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), body])).digest()


def begin(principal: str, key: str, print_: bytes) -> tuple[Kept, tuple[int, bytes] | None]:
    """Return the key's row, and the stored (status, body) when this request was already answered.

    :raise KeyReused: when the key came with another request before
    """
    uid = ids.new_uid()
    added = insert_new(
        IdempotencyKey, ("principal", "key"),
        uid=uid, principal=principal, key=key, fingerprint=print_, status=0, created_at=clock.now(),
    )  # fmt: skip
    if added is not None:
        return Kept(added, uid), None
    found = db.session.scalars(_of(principal, key)).one()
    return Kept(found.id, found.uid), _stored(found, print_)


def answered(principal: str, key: str, print_: bytes) -> tuple[int, bytes] | None:
    """Return the stored (status, body) of a request that was answered before, without writing anything.

    :raise KeyReused: as :func:`begin`
    """
    found = db.session.scalars(_of(principal, key)).one_or_none()
    return _stored(found, print_) if found else None


def _of(principal: str, key: str) -> Select[IdempotencyKey]:
    return select(IdempotencyKey).where(IdempotencyKey.principal == principal, IdempotencyKey.key == key)


def _stored(found: IdempotencyKey, print_: bytes) -> tuple[int, bytes] | None:
    if found.fingerprint != print_:
        raise KeyReused
    if not found.status or found.body_sealed is None:
        return None
    return found.status, privacy.unseal(found.body_sealed, place=_PLACE, row=found.uid).encode()


def keep(kept: Kept, status: int, body: bytes) -> None:
    """Store the reply with its effect."""
    sealed = privacy.seal(body.decode(), place=_PLACE, row=kept.uid)
    execute(_KEEP, {"kept": kept.id, "status": status, "body_sealed": sealed})


_TABLE = table_of(IdempotencyKey)
_KEEP = update(_TABLE).where(_TABLE.c.id == bindparam("kept"))


def drop_before(moment: datetime, limit: int) -> int:
    """Delete replies kept since before ``moment``, at most ``limit``; return how many."""
    old = select(IdempotencyKey.id).where(IdempotencyKey.created_at < moment).order_by(IdempotencyKey.id).limit(limit)
    gone = delete(IdempotencyKey).where(IdempotencyKey.id.in_(old.scalar_subquery()))
    return len(db.session.scalars(gone.returning(IdempotencyKey.id)).all())
