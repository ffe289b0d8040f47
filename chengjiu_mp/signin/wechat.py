"""Signing in by WeChat, and the phone that WeChat vouches for."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, context, ids
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.people.phones import read_phone
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.errors import AccountClosed
from chengjiu_mp.signin.models import Account, RoleGrant, SignInSession
from chengjiu_mp.signin.service import account_of_phone, account_with_phone
from chengjiu_mp.wechat import bindings
from chengjiu_mp.wechat.client import WechatPhone


def account_of_openid(openid: str) -> Account:
    """Return the account of a WeChat user; one without gets the caller's, else a new trainee's.

    What a WeChat user did before they proved a phone here comes along into the caller's account.

    :raise AccountClosed: when the account is switched off
    """
    known = bindings.binding_of_openid(openid)
    caller = context.principal().account_id
    if known is not None:
        found = db.session.get_one(Account, known.account_id)
        if caller not in (None, found.id) and _made_by_wechat(found):
            found = _join(found, db.session.get_one(Account, caller))
    elif caller is not None:
        found = db.session.get_one(Account, caller)
        found = db.session.get_one(Account, bindings.bind(openid, found.id, found.phone_index).account_id)
        audit.record("account.wechat_bound", found)
    else:
        found = _new_trainee(openid)
    if not found.active:
        raise AccountClosed
    return found


def number_of(phone: WechatPhone) -> str:
    """Return a number that WeChat vouches for, normalised.

    :raise PhoneRefused: when it is none we could write to
    """
    whole = phone.number if phone.country == "86" else f"+{phone.country}{phone.number}"
    return read_phone(whole).number


def prove_phone_here(phone_index: bytes) -> Account:
    """Remember the caller's session as the phone's, as a code does; return the account it is signed in to now.

    An account that WeChat alone made takes the number, or joins the account that has it: both were proved.

    :raise AccountClosed: when that account is switched off
    """
    caller = context.principal()
    mine = db.session.get_one(Account, caller.account_id)
    theirs = account_with_phone(phone_index)
    if theirs is None and mine.phone_index is None:
        theirs = _take_number(mine, phone_index)
    if theirs is not None and theirs.id != mine.id and _made_by_wechat(mine):
        mine = _join(mine, account_of_phone(phone_index))
    assert caller.device_id is not None  # noqa: S101  who is signed in has a session
    sessions.prove_phone(caller.device_id, phone_index)
    bindings.proved_phone(mine.id, phone_index)
    audit.record("account.phone_proved", mine, by="wechat")
    return mine


def _made_by_wechat(account: Account) -> bool:
    return account.phone_index is None and account.username is None


def _take_number(mine: Account, phone_index: bytes) -> Account | None:
    """Return the account that has the number now: this one, unless another took it at the same moment."""
    try:
        with db.session.begin_nested():
            mine.phone_index = phone_index
            db.session.flush()
    except IntegrityError as exc:
        db.session.refresh(mine)
        if not violated(exc, "uq_account_phone_index"):
            raise
    return account_with_phone(phone_index)


def _join(made: Account, kept: Account) -> Account:
    """Move what WeChat's account holds to the account of the phone: its sessions, and so what they signed up."""
    moved = update(SignInSession).where(SignInSession.account_id == made.id)
    db.session.execute(moved.values(account_id=kept.id).execution_options(synchronize_session="fetch"))
    bindings.move(made.id, kept.id)
    made.active = False
    audit.record("account.joined", kept, account=made.id)
    db.session.flush()
    return kept


def _new_trainee(openid: str) -> Account:
    fresh = Account(uid=ids.new_uid(), name="", active=True)
    db.session.add(fresh)
    db.session.flush()
    holder = bindings.bind(openid, fresh.id).account_id
    if holder != fresh.id:
        # Two taps at once: the index let the other in.
        db.session.delete(fresh)
        db.session.flush()
        return db.session.get_one(Account, holder)
    db.session.add(RoleGrant(account_id=fresh.id, role="trainee"))
    audit.record("account.added", fresh)
    db.session.flush()
    return fresh
