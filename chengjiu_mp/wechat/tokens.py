"""The access token: one refresher among all processes, whoever else needs it reads the row.

The old way of asking for a token ended the one before it, so that two processes kept locking each other out (40001);
``stable_token`` does not, but its calls are counted. The row's lease decides who asks.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, select, text, update

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import database_epoch, db, end_read, unit_of_work
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.wechat.models import WechatToken

# The platform renews in the last five minutes, and both tokens hold meanwhile.
EARLY = timedelta(minutes=5)
# Longer than one call can take.
LEASE_SECONDS = 12.0


@dataclass(frozen=True)
class _Kept:
    token: str
    expires_at: datetime


class Tokens:
    """The token of one mini program, kept in this process for as long as it is surely good.

    :param fetch: asks the platform; returns the token and the seconds it lives
    :param lease_seconds: longer than ``fetch`` can take
    """

    def __init__(
        self, appid: str, fetch: Callable[[], tuple[str, int]], *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._appid, self._fetch, self._lease_seconds = appid, fetch, lease_seconds
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    def current(self) -> str:
        """Return a token that holds for five more minutes, or at least still holds.

        :raise Unreachable: when another process asks for it just now, or the platform does not answer
        """
        return self._take(unlike=None)

    def instead_of(self, refused: str) -> str:
        """Return another token than the one that the platform just refused."""
        with self._lock:
            self._kept = None
        return self._take(unlike=refused)

    def _take(self, unlike: str | None) -> str:
        kept = self._kept
        if kept and self._fresh(kept):
            return kept.token
        kept = self._read()
        if kept and kept.token != unlike and self._fresh(kept):
            return self._keep(kept)
        lease = self._take_lease()
        if lease is not None:
            # Between our reading and our lease another may have renewed and given the lease back.
            kept = self._read()
            if kept and kept.token != unlike and self._fresh(kept):
                self._give_back(lease)
                return self._keep(kept)
            return self._keep(self._renew(lease))
        # Somebody else is asking. What is about to end still holds for a few minutes.
        if kept and kept.token != unlike and kept.expires_at > clock.now():
            return kept.token
        raise Unreachable("token_on_its_way", 3.0)

    @staticmethod
    def _fresh(kept: _Kept) -> bool:
        return kept.expires_at - EARLY > clock.now()

    def _keep(self, kept: _Kept) -> str:
        with self._lock:
            self._kept = kept
        return kept.token

    def _read(self) -> _Kept | None:
        query = select(WechatToken.token_sealed, WechatToken.expires_at).where(WechatToken.appid == self._appid)
        row = db.session.execute(query).first()
        end_read()
        if row is None or row.token_sealed is None:
            return None
        token = privacy.unseal(row.token_sealed, place=WechatToken.PLACE, row=self._appid)
        return _Kept(token, row.expires_at)

    def _take_lease(self) -> str | None:
        """Return the lease's own name when it is ours now; one statement decides between processes."""
        ours = secrets.token_hex(16)
        with unit_of_work():
            fresh = insert_into(WechatToken).values(appid=self._appid, lease_until=0.0)
            db.session.execute(fresh.on_conflict_do_nothing(index_elements=["appid"]))
            now = float(db.session.execute(text(f"select {database_epoch()}")).scalar_one())
            taken = db.session.scalar(
                update(WechatToken)
                .where(WechatToken.appid == self._appid, WechatToken.lease_until < now)
                .values(lease_until=now + self._lease_seconds, lease_token=ours)
                .returning(WechatToken.appid)
            )
        return ours if taken else None

    def _held(self, lease: str) -> Update:
        return update(WechatToken).where(WechatToken.appid == self._appid, WechatToken.lease_token == lease)

    def _give_back(self, lease: str) -> None:
        with unit_of_work():
            db.session.execute(self._held(lease).values(lease_until=0.0, lease_token=None))

    def _renew(self, lease: str) -> _Kept:
        held = self._held(lease)
        try:
            token, seconds = self._fetch()
        except Exception:
            self._give_back(lease)
            raise
        kept = _Kept(token, clock.now() + timedelta(seconds=seconds))
        with unit_of_work():
            sealed = privacy.seal(token, place=WechatToken.PLACE, row=self._appid)
            db.session.execute(
                held.values(token_sealed=sealed, expires_at=kept.expires_at, lease_until=0.0, lease_token=None)
            )
        return kept
