"""The account an instructor signs in with: by a code to the phone in the register."""

from sqlalchemy import select

from chengjiu_mp.core import audit, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.signin.models import Account, RoleGrant, SignInSession
from chengjiu_mp.signin.service import add_account, grant_role
from chengjiu_mp.signin.sessions import sign_out

ROLE = "instructor"


def account_for(name: str, phone: str, former_id: int | None = None) -> Account:
    """Return the account of a phone with the instructor's role, added where it is missing.

    :param former_id: the account used so far; when the phone is new and nobody's, it moves along
    """
    index = privacy.phone_index(phone)
    found = db.session.scalars(select(Account).where(Account.phone_index == index)).first()
    former = db.session.get(Account, former_id) if former_id else None
    if found is None and former is not None:
        found = former
        _sign_out_everywhere(former)
        audit.record("account.phone_changed", former)
    if found is None:
        found = add_account(name, phone=phone)
    found.name = name if found is former else found.name or name
    found.phone_index = index
    found.phone_sealed = privacy.seal(phone, place=Account.PLACE, row=found.uid)
    db.session.flush()
    if former is not None and former is not found:
        _take_role(former)
    _give_role(found)
    return found


def _give_role(account: Account) -> None:
    held = select(RoleGrant.id).where(
        RoleGrant.account_id == account.id, RoleGrant.role == ROLE, RoleGrant.valid_to.is_(None)
    )
    if db.session.scalars(held).first() is None:
        grant_role(account, ROLE)


def _sign_out_everywhere(account: Account) -> None:
    """The old number may be somebody else's by now."""
    for session_id in db.session.scalars(select(SignInSession.id).where(SignInSession.account_id == account.id)).all():
        sign_out(session_id)


def _take_role(account: Account) -> None:
    """The former account's phone is no longer the instructor's: whoever holds it must not open rosters."""
    for grant in db.session.scalars(
        select(RoleGrant).where(RoleGrant.account_id == account.id, RoleGrant.role == ROLE)
    ):
        audit.record("role.withdrawn", grant, account=account.id, role=ROLE)
        db.session.delete(grant)
    db.session.flush()
