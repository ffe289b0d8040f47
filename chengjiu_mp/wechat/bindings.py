"""Which account an openid signs in to."""

from collections.abc import Collection

from sqlalchemy import select, update

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.wechat.models import WechatBinding


def binding_of_openid(openid: str) -> WechatBinding | None:
    """Return the binding of an openid, None while it has none."""
    return db.session.scalars(select(WechatBinding).where(WechatBinding.openid_index == _index(openid))).first()


def binding_of_account(account_id: int) -> WechatBinding | None:
    """Return an account's newest binding, None when it has none."""
    query = select(WechatBinding).where(WechatBinding.account_id == account_id)
    return db.session.scalars(query.order_by(WechatBinding.id.desc()).limit(1)).first()


def binding_of_phone(phone_index: bytes) -> WechatBinding | None:
    """Return the newest binding whose user proved a phone, None when nobody did."""
    query = select(WechatBinding).where(WechatBinding.phone_index == phone_index)
    return db.session.scalars(query.order_by(WechatBinding.id.desc()).limit(1)).first()


def known_among(account_ids: Collection[int], phone_indexes: Collection[bytes]) -> tuple[set[int], set[bytes]]:
    """Return which of these accounts, and which of these phones, some WeChat user stands for."""
    accounts = select(WechatBinding.account_id).where(WechatBinding.account_id.in_(account_ids))
    phones = select(WechatBinding.phone_index).where(WechatBinding.phone_index.in_(phone_indexes))
    found = db.session.scalars(accounts) if account_ids else ()
    proved = db.session.scalars(phones) if phone_indexes else ()
    return set(found), {index for index in proved if index is not None}


def bind(openid: str, account_id: int, phone_index: bytes | None = None) -> WechatBinding:
    """Bind an openid to an account unless it is bound already; return the binding that holds.

    The unique index decides between two taps at once.
    """
    uid = ids.new_uid()
    row = insert_into(WechatBinding).values(
        uid=uid, openid_index=_index(openid), account_id=account_id, phone_index=phone_index, created_at=clock.now(),
        openid_sealed=privacy.seal(openid, place=WechatBinding.PLACE, row=uid),
    )  # fmt: skip
    db.session.execute(row.on_conflict_do_nothing(index_elements=["openid_index"]))
    found = binding_of_openid(openid)
    assert found is not None  # noqa: S101  ours, or the one that was there
    return found


def proved_phone(account_id: int, phone_index: bytes) -> None:
    """Remember on an account's bindings that their user proved a phone; no other WeChat user stands for it now."""
    lost = update(WechatBinding).where(WechatBinding.phone_index == phone_index)
    db.session.execute(lost.where(WechatBinding.account_id != account_id).values(phone_index=None))
    db.session.execute(
        update(WechatBinding).where(WechatBinding.account_id == account_id).values(phone_index=phone_index)
    )


def move(from_account: int, to_account: int) -> None:
    """Let an account's WeChat users sign in to another account from now on."""
    db.session.execute(
        update(WechatBinding).where(WechatBinding.account_id == from_account).values(account_id=to_account)
    )


def openid_of(binding: WechatBinding) -> str:
    """Return the openid, opened."""
    return privacy.unseal(binding.openid_sealed, place=WechatBinding.PLACE, row=binding.uid)


def _index(openid: str) -> bytes:
    return privacy.blind_index("openid", openid)
