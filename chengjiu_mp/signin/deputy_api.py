"""Deputies for programs."""

from datetime import date

from flask import Blueprint

from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import Day, In, Out, RowId
from chengjiu_mp.signin import deputies, errors

blueprint = Blueprint("deputies_api", __name__, url_prefix="/api/v1")

APPROVER = access.roles(deputies.ROLE)


class DeputyIn(In):
    """``grant_id``: which of one's own grants is lent, the only one by default; ``first`` and ``last`` are included."""

    account_id: RowId
    grant_id: RowId | None = None
    first: Day
    last: Day


class DeputyOut(Out):
    id: int
    account_id: int
    name: str
    unit_id: int | None
    first: date | None
    last: date | None


class DeputiesOut(Out):
    items: list[DeputyOut]


@route(blueprint, "GET", "/deputies", APPROVER)
def list_deputies() -> DeputiesOut:
    """Who stands in for the caller, now or later."""
    return _listed()


@route(
    blueprint, "POST", "/deputies", APPROVER, status=201,
    refusals=(errors.NotToDeputize, errors.DeputyUnknown, errors.DeputyDates, errors.DeputyNamed),
    example={"account_id": 3, "first": "2026-12-01", "last": "2026-12-07"},
)  # fmt: skip
def name_deputy(body: DeputyIn) -> DeputiesOut:
    """Let a colleague approve in the caller's place from a day to a day; what they submitted themselves they do not."""
    who = principal()
    grants = deputies.standing_grants(who)
    lent = body.grant_id or (grants[0].id if len(grants) == 1 else 0)
    deputies.name_deputy(who, lent, body.account_id, body.first, body.last)
    return _listed()


@route(blueprint, "POST", "/deputies/<row:grant_id>/end", APPROVER, refusals=(NotFound,))
def end_deputy(grant_id: int) -> DeputiesOut:
    """End a deputy's time at once."""
    deputies.end_deputy(principal(), grant_id)
    return _listed()


def _listed() -> DeputiesOut:
    return DeputiesOut(
        items=[
            DeputyOut(
                id=one.grant.id, account_id=one.grant.account_id, name=one.name, unit_id=one.grant.unit_id,
                first=one.grant.valid_from, last=one.grant.valid_to,
            )
            for one in deputies.deputies_of(principal())
        ]
    )  # fmt: skip
