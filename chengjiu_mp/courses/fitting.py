"""Whether people who come together find seats together, and how it is said when they do not."""

from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import PartyDoesNotFit
from chengjiu_mp.courses.models import SeatPool


def refuse_unless_seats(pool_id: int, people: int) -> None:
    """Look whether so many would be seated now; nothing is taken.

    :raise PartyDoesNotFit: when they would not
    """
    if _seats_left(pool_id)[0] < people:
        raise party_does_not_fit(pool_id, people)


def party_does_not_fit(pool_id: int, people: int) -> PartyDoesNotFit:
    """Return the refusal that says how many seats there are for so many people, and what can be chosen."""
    seats, waiting = _seats_left(pool_id)
    said = f"只剩 {seats} 个名额，不够 {people} 人一起。" if seats else f"名额已满，{people} 人要一起排队候补。"
    advice = "可以选择“能报几位报几位，其余候补”，或者换一场。" if seats else "可以选择一起候补，或者换一场。"
    return PartyDoesNotFit(said + advice, seats_left=seats, people=people, waiting=waiting)


def _seats_left(pool_id: int) -> tuple[int, int]:
    free, waiting = db.session.execute(
        select(SeatPool.capacity - SeatPool.taken, SeatPool.waiting).where(SeatPool.id == pool_id)
    ).one()
    return (0 if waiting else max(free, 0)), waiting
