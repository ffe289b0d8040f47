"""JSON routes of progress, and of one's own data."""

from typing import Any

from flask import Blueprint

from chengjiu_mp.certificates.passes import LIFE_SECONDS
from chengjiu_mp.core import asking, clock, context
from chengjiu_mp.core.access import PUBLIC, SIGNED_IN, STAFF
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.paging import BadCursor
from chengjiu_mp.core.site import site
from chengjiu_mp.reports import classes, consenting, drilldown, erasure, own_data, schemas
from chengjiu_mp.reports.errors import DaysBackwards, NotConfirmed, NothingHeld, PhoneNotProved
from chengjiu_mp.reports.policy import scope_of
from chengjiu_mp.reports.progress import progress
from chengjiu_mp.reports.reach import Held, held_here, holder_of

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")


@route(blueprint, "GET", "/progress", PUBLIC)
def read_progress(query: schemas.ProgressQuery) -> schemas.ProgressOut:
    """Progress against the plan: rows in the plan's own order, totals, six sectors, 百千万. No names, no rank."""
    return schemas.ProgressOut.model_validate(progress(query.year or clock.today().year))


@route(blueprint, "GET", "/progress/rows", STAFF, refusals=(NotFound, BadCursor, DaysBackwards))
def read_progress_rows(query: schemas.ProgressRowsQuery) -> schemas.ProgressRowsOut:
    """The certificates or runs behind a figure, within the caller's scope, newest first."""
    asked, who = asked_by(query), context.principal()
    found = drilldown.rows_behind(who, asked, query.cursor)
    answer: dict[str, Any] = {"items": found.items, "next_cursor": found.next_cursor}
    return schemas.ProgressRowsOut.model_validate({**answer, "total": drilldown.total_behind(who, asked)})


def asked_by(query: schemas.ProgressRowsQuery) -> drilldown.Asked:
    """Return which figure a query asks for."""
    year = query.year or clock.today().year
    days = classes.days_between(query.since, query.until) if query.since or query.until else None
    return drilldown.Asked(
        year, query.metric, query.unit_id, query.sector_id, since_start=query.since_start, key_group=query.key_group,
        days=days,
    )  # fmt: skip


@route(blueprint, "GET", "/progress/classes", STAFF, refusals=(NotFound, DaysBackwards))
def read_classes(query: schemas.DaysQuery) -> schemas.ClassesOut:
    """Trained, certified and 普及 by class of people (重点人群) and by 六进, within the caller's scope."""
    days = classes.days_between(query.since, query.until)
    found = classes.by_class(scope_of(context.principal()), days, query.unit_id)
    return schemas.ClassesOut.model_validate(found)


def _count_name(**_: schemas.OwnNameIn) -> None:
    own_data.spend_name(context.principal(), asking.network())


@route(
    blueprint, "POST", "/me/pass", SIGNED_IN, status=201, before=_count_name,
    refusals=(PhoneNotProved, NothingHeld, TooMany), example={"name": "张三"},
)  # fmt: skip
def open_own_data(body: schemas.OwnNameIn) -> schemas.PassOut:
    """Say the name that goes with the phone this sign-in proved; the pass opens what is held of that person."""
    return schemas.PassOut(pass_token=own_data.pass_for(context.principal(), body.name), expires_in=LIFE_SECONDS)


@route(blueprint, "GET", "/me/data", SIGNED_IN)
def own(query: schemas.PassQuery) -> schemas.OwnDataOut:
    """Everything held of the caller: sign-ups, consents, check-ins, results, certificates, messages."""
    return schemas.OwnDataOut.model_validate(own_data.export_of(_held(query.pass_token)))


@route(blueprint, "GET", "/me/consents", SIGNED_IN)
def own_consents(query: schemas.PassQuery) -> schemas.ConsentsOut:
    """Which text in which version was agreed to and when, the newest first, and what its withdrawal does."""
    return schemas.ConsentsOut(items=[_consent_out(one) for one in consenting.consents_held(_held(query.pass_token))])


@route(blueprint, "POST", "/me/consents/<row:consent_id>/withdraw", SIGNED_IN, refusals=(NotFound,))
def withdraw_own_consent(consent_id: int, body: schemas.PassIn | None) -> schemas.ConsentOut:
    """Withdraw a consent, dated on the ledger; a required one ends the live sign-up. Again: the same answer."""
    held = _held(body.pass_token if body else "")
    consenting.withdraw_consent(consenting.consent_held(held, consent_id))
    return _consent_out(consenting.consent_held(held, consent_id))


@route(
    blueprint, "POST", "/me/erasure", SIGNED_IN, refusals=(NothingHeld, NotConfirmed),
    example={"confirm": True, "forget_certificates": False, "pass": "…"},
)  # fmt: skip
def erase_own_data(body: schemas.ErasureIn) -> schemas.ErasedOut:
    """Erase what is held of the caller. Live sign-ups end; counts and certificates stay, their look-up by phone ends,
    verifying by code goes on.
    """
    if not body.confirm:
        raise NotConfirmed(field="confirm")
    who = context.principal()
    done = erasure.erase(lambda: _held(body.pass_token), who, forget_certificates=body.forget_certificates)
    return schemas.ErasedOut.model_validate(done)


def _held(pass_token: str) -> list[Held]:
    who = context.principal()
    return held_here(holder_of(who, pass_token), who)


def _consent_out(given: consenting.Given) -> schemas.ConsentOut:
    consent, notice = given.consent, given.notice
    return schemas.ConsentOut(
        id=consent.id, purpose=notice.purpose, version=notice.version, title=notice.title, required=notice.required,
        text_url=site().link(f"/privacy/{notice.purpose}/{notice.version}"), text_sha256=consent.text_sha256,
        signup_id=consent.signup_id, channel=consent.channel, given_at=consent.given_at,
        withdrawn_at=consent.withdrawn_at, ends_signup=given.ends_signup and consent.withdrawn_at is None,
        consequence=given.consequence,
    )  # fmt: skip
