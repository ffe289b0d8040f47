"""Six-digit codes to phones (rel 3.3): five tries, five minutes, one use. Wrong tries end it, never the person."""

import hmac
import secrets
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from chengjiu_mp.core import audit, clock, ids, limits, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.core.site import site
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.phones import read_phone
from chengjiu_mp.signin.errors import CodeWrong, NoSms
from chengjiu_mp.signin.models import PhoneCode

LIFE = timedelta(minutes=5)
TRIES = 5
TEXT = "验证码 {code}，5 分钟内有效，请勿告诉他人。"

# One phone, rel 3.3. A hall or an office shares one address, so that side is generous.
# What came back rightly was asked for by the phone's own holder and is given back: it counts towards the last alone.
_AT_ONCE, _UNANSWERED, _IN_ALL = (1, 60), ((5, 3600), (10, 86400)), (40, 86400)
_PER_NETWORK = ((120, 60), (3000, 86400))


def spend_send(phone: str, network: str) -> None:
    """Count a wish for a code, ahead of the transaction, whether or not the phone is known.

    :param network: :func:`chengjiu_mp.core.asking.network`
    :raise PhoneRefused, NoSms: when no code can go there; :raise TooMany: when a limit is used up
    """
    limits.spend(*send_limits(phone, network))


def send_limits(phone: str, network: str) -> tuple[Limit, ...]:
    """Return the limits that a wish for a code counts against, for who has more to count with it.

    :raise PhoneRefused, NoSms: when no code can go there
    """
    index = privacy.phone_index(mobile(phone)).hex()
    return (
        Limit(f"code:{_AT_ONCE[1]}:{index}", *_AT_ONCE),
        *_unanswered(index),
        Limit(f"code-in-all:{index}", *_IN_ALL),
        *_of_network(network),
    )


def _of_network(network: str) -> tuple[Limit, ...]:
    return tuple(Limit(f"code-net:{seconds}:{network}", times, seconds) for times, seconds in _PER_NETWORK)


def _unanswered(index: str) -> tuple[Limit, ...]:
    return tuple(Limit(f"code:{seconds}:{index}", times, seconds) for times, seconds in _UNANSWERED)


def _claims(index: str) -> tuple[Limit, ...]:
    """A claim's own: whoever names a stranger as guardian must not use up the codes that person signs in with."""
    sent = tuple(Limit(f"claim-sent:{seconds}:{index}", times, seconds) for times, seconds in _UNANSWERED)
    return (*sent, Limit(f"claim-sent-in-all:{index}", *_IN_ALL))


def spend_claim(network: str) -> None:
    """Count a wish for another claim on the network's side, ahead of the transaction.

    :raise TooMany: when a limit is used up
    """
    limits.spend(*_of_network(network))


def count_claim(phone: str) -> None:
    """Count a claim's message to a phone in the current transaction, as tight as codes that are asked for.

    :raise TooMany: when that phone got enough; the transaction, or its savepoint, is to be rolled back
    """
    limits.count(*_claims(privacy.phone_index(phone).hex()))


def mobile(raw: str) -> str:
    """Return the normalised number that a code can be sent to.

    :raise PhoneRefused: when it is no phone; :raise NoSms: when codes do not reach it
    """
    reading = read_phone(raw)
    if not reading.sms:
        raise NoSms(field="phone")
    return reading.number


def send_code(phone: str | None, purpose: str) -> str:
    """Write a code and its message in the current transaction; return the challenge, 26 characters.

    :param phone: None sends nothing and returns a challenge that nobody can answer: equal replies for unknown people
    :param purpose: what the code is good for, at most 20 characters ("signin", "lookup", …)
    """
    number = mobile(phone) if phone is not None else None
    code, challenge = ids.new_digits(), ids.new_token()
    row = PhoneCode(
        challenge=challenge, purpose=purpose, code_hash=_hash(challenge, code), tries=0,
        phone_index=privacy.phone_index(number or secrets.token_hex(16)), expires_at=clock.now() + LIFE,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("code.sent", row, purpose=purpose)
    if number is not None:
        body = site().signed(TEXT.format(code=code))
        tell(
            f"code.{purpose}", dedupe_key=message_key(challenge), body=body, phone=number, about=row,
            expires_at=row.expires_at,
        )  # fmt: skip
    return challenge


def claim_code(phone: str, purpose: str, life: timedelta) -> str:
    """Write a code that is brought by a message of another kind, in the current transaction; return its digits.

    It is good together with the phone it went to (:func:`prove_claim`), five tries, one use.

    :param phone: a normalised number
    """
    code, challenge = ids.new_digits(), ids.new_token()
    row = PhoneCode(
        challenge=challenge, purpose=purpose, code_hash=_hash(challenge, code), tries=0,
        phone_index=privacy.phone_index(phone), expires_at=clock.now() + life,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("code.sent", row, purpose=purpose)
    return code


def claim_stands(phone: str, purpose: str) -> bool:
    """Return whether a :func:`claim_code` that went to this phone is still good."""
    live = select(PhoneCode.id).where(
        PhoneCode.phone_index == privacy.phone_index(phone), PhoneCode.purpose == purpose, *_good()
    )
    return db.session.scalar(live.limit(1)) is not None


def message_key(challenge: str) -> str:
    """Return the outbox's key of a challenge's message; demo pages and nothing else read the message by it."""
    return f"code:{ids.token_hash(challenge).hex()}"


def _good() -> tuple[ColumnElement[bool], ...]:
    return PhoneCode.tries < TRIES, PhoneCode.used_at.is_(None), PhoneCode.expires_at > clock.now()


def prove(challenge: str, code: str, purpose: str) -> bytes:
    """Return the index of the phone that was proved; the code is used up, and its sending counts as abuse no more.

    Opens its own transaction, ahead of the caller's: a wrong try must count although the caller's work is refused.

    :raise CodeWrong: wrong, unknown, used, expired, or five times tried
    """
    return _proved(PhoneCode.challenge == challenge, code, purpose, _unanswered)


def prove_claim(phone: str, code: str, purpose: str) -> bytes:
    """Return the index of a phone that a :func:`claim_code` came to; as :func:`prove`, without a challenge at hand.

    Wrong tries end what is under way: another message can be had at once.

    Several may be under way to one phone: a try counts against each of them.

    :raise PhoneRefused, NoSms: when no code can have gone there; :raise CodeWrong: as above
    """
    return _proved(PhoneCode.phone_index == privacy.phone_index(mobile(phone)), code, purpose, _claims)


def _proved(which: ColumnElement[bool], code: str, purpose: str, counted: Callable[[str], tuple[Limit, ...]]) -> bytes:
    """:param counted: the limits of a phone that its sending counted against"""
    with unit_of_work():
        tried = db.session.execute(
            update(PhoneCode)
            .where(which, PhoneCode.purpose == purpose, *_good())
            .values(tries=PhoneCode.tries + 1)
            .returning(PhoneCode.id, PhoneCode.challenge, PhoneCode.phone_index, PhoneCode.code_hash)
        ).all()
        right = [row for row in tried if hmac.compare_digest(_hash(row.challenge, code), bytes(row.code_hash))]
        if right:
            db.session.execute(update(PhoneCode).where(PhoneCode.id == right[0].id).values(used_at=clock.now()))
            limits.give_back(*counted(bytes(right[0].phone_index).hex()))
    if not right:
        raise CodeWrong(field="code")
    return bytes(right[0].phone_index)


def _hash(challenge: str, code: str) -> bytes:
    return privacy.blind_index("code", f"{challenge}|{code}")
