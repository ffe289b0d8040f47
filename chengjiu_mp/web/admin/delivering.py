"""自取和邮寄 at the desk: ways for a run, the pick-up sheet, ticking who came, and one certificate's paper."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import delivery, printing_ledger
from chengjiu_mp.certificates.delivery import Address
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import certificate_for, certificates_visible_to
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_errors import ListChanged, NobodyTicked
from chengjiu_mp.certificates.queries import newest_of
from chengjiu_mp.core import audit
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import writing_as
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.printing import CLERKS, READERS, show
from chengjiu_mp.web.h5.delivery import PaperWayPage
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_delivering", __name__, url_prefix="/console/printing")

# An address is personal data of the post's alone.
POST = ("operator",)
ROWS_A_PAGE = 24


class WayPage(In):
    way: str = Field(default="", pattern="^(electronic|pickup)$")


class StepsPage(In):
    ids: list[RowId] = Field(default_factory=list, max_length=3000)
    step: str = Field(default="", pattern="^(waiting|collected)$")
    # How many there were on the page that says "all of them".
    everybody: int = Field(default=0, ge=0, le=3000)


class SentPage(In):
    tracking: str = Field(default="", max_length=60)


class ReasonPage(In):
    reason: str = Field(default="", max_length=200)


def _of_run(run_id: int) -> list[Certificate]:
    seen = certificates_visible_to(writing_as(principal(), CLERKS), CLERKS)
    found = select(Certificate).where(Certificate.run_id == run_id, seen).order_by(Certificate.id)
    certificates = list(db.session.scalars(found))
    if not certificates:
        raise NotFound
    return certificates


@blueprint.post("/runs/<row:run_id>/ways")
@access(roles(*CLERKS))
def ways(run_id: int) -> AnyResponse | tuple[str, int]:
    """Let those of a run who chose nothing fetch their paper, or have none."""

    def choose(mine: list[Certificate]) -> None:
        given = from_pairs(WayPage, request.form, ignore=forms.IGNORED)
        delivery.choose_for_all(mine, given.way, principal())

    return _on_ledger(run_id, "way", choose)


@blueprint.post("/runs/<row:run_id>/steps")
@access(roles(*CLERKS))
def steps(run_id: int) -> AnyResponse | tuple[str, int]:
    """Enter that the ticked papers wait at the desk, or were fetched; all of them or none."""

    def enter(mine: list[Certificate]) -> None:
        given = from_pairs(StepsPage, request.form, ignore=forms.IGNORED)
        if given.everybody:
            given.ids = _everybody(run_id, given.everybody)
        _advance(given, {one.id for one in mine})

    return _on_ledger(run_id, "ids", enter)


def _on_ledger(run_id: int, field: str, act: Callable[[list[Certificate]], None]) -> AnyResponse | tuple[str, int]:
    """Act on a run's certificates and come back to its ledger; a refusal without a field stands at this one."""
    try:
        with unit_of_work():
            act(_of_run(run_id))
    except NotFound:
        raise
    except Refusal as refusal:
        return show(Of(run_id), errors=forms.errors(refusal, field)), refusal.kind.value
    return redirect(url_for("console_printing.of_run", run_id=run_id, _anchor="ledger"), 303)


def _everybody(run_id: int, count: int) -> list[int]:
    found = printing_ledger.fetching(run_id, writing_as(principal(), CLERKS), CLERKS)
    ids = [line.certificate.id for line in found if line.collectable]
    if len(ids) != count:
        raise ListChanged(field="ids")
    return ids


def _advance(given: StepsPage, mine: set[int]) -> None:
    if not given.ids:
        raise NobodyTicked(field="ids")
    for certificate_id in sorted(set(given.ids)):
        if certificate_id not in mine:
            raise NotFound
        row = delivery.delivery_of(certificate_id)
        # Ticked once more by a second clerk: done is done.
        if row is None or row.state != given.step:
            delivery.advance(certificate_id, given.step, principal())


@blueprint.post("/runs/<row:run_id>/pickup")
@access(roles(*CLERKS))
def pickup(run_id: int) -> str:
    """Show the pick-up sheet for printing. It holds names: the audit trail says who printed it."""
    with unit_of_work():
        rows, at = printing_ledger.pickup_sheet(run_id, writing_as(principal(), CLERKS), CLERKS)
    pages = [rows[at_ : at_ + ROWS_A_PAGE] for at_ in range(0, len(rows), ROWS_A_PAGE)]
    run = db.session.get_one(CourseRun, run_id)
    return render_template(
        "admin/pickup_sheet.html", title="证书领取表", back=url_for("console_printing.of_run", run_id=run_id), run=run,
        pages=pages, total=len(rows), at=at, by=principal().name,
    )  # fmt: skip


@blueprint.get("/certificates/<row:certificate_id>")
@access(READERS)
def one(certificate_id: int) -> str:
    """Show one certificate's paper: its way, its steps, and what can be done."""
    certificate_for(principal(), certificate_id)
    return _page(certificate_id)


@blueprint.post("/certificates/<row:certificate_id>/way")
@access(roles(*POST))
def way(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Choose the way for a holder who asked."""
    given = PaperWayPage()
    try:
        given = from_pairs(PaperWayPage, request.form, ignore=forms.IGNORED)
        address = given.read()
        with unit_of_work():
            delivery.choose(_held(certificate_id), given.way, address, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(certificate_id, given=given, errors=forms.errors(refusal, "way")), refusal.kind.value
    return _back(certificate_id)


@blueprint.post("/certificates/<row:certificate_id>/sent")
@access(roles(*POST))
def sent(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Enter the number of the parcel."""
    try:
        given = from_pairs(SentPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            delivery.advance(_held(certificate_id).id, "sent", principal(), tracking=given.tracking)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(certificate_id, errors=forms.errors(refusal, "tracking")), refusal.kind.value
    return _back(certificate_id)


@blueprint.post("/certificates/<row:certificate_id>/delivered")
@access(roles(*POST))
def delivered(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Enter that it arrived; the address goes."""
    try:
        with unit_of_work():
            delivery.advance(_held(certificate_id).id, "delivered", principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(certificate_id, problem=refusal.sentence), refusal.kind.value
    return _back(certificate_id)


@blueprint.post("/certificates/<row:certificate_id>/undo")
@access(roles(*CLERKS))
def undo(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Take the last step back, with a reason."""
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            of = certificate_for(principal(), certificate_id, roles=CLERKS, writing=True)
            delivery.undo(of.id, given.reason, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(certificate_id, problem=refusal.sentence), refusal.kind.value
    return _back(certificate_id)


@blueprint.post("/certificates/<row:certificate_id>/address")
@access(roles(*POST))
def address(certificate_id: int) -> str:
    """Show the address for the parcel; the audit trail says who looked."""
    with unit_of_work():
        of = _held(certificate_id)
        row = delivery.delivery_of(of.id)
        seen = delivery.address_of(row) if row else None
        if seen is None:
            raise NotFound
        audit.record("certificate.address_seen", of, unit_id=of.owner_unit_id)
    return _page(certificate_id, address=seen)


def _held(certificate_id: int) -> Certificate:
    return certificate_for(principal(), certificate_id, roles=POST, writing=True)


def _back(certificate_id: int) -> AnyResponse:
    return redirect(url_for("console_delivering.one", certificate_id=certificate_id), 303)


def _page(certificate_id: int, problem: str = "", *, address: Address | None = None, given: PaperWayPage | None = None,
          errors: dict[str, str] | None = None) -> str:  # fmt: skip
    certificate_for(principal(), certificate_id)
    seen, row = newest_of(certificate_id), delivery.delivery_of(certificate_id)
    past = delivery.steps_of(row.id) if row else []
    who = {one for step in past for one in (step.by, step.undone_by) if one}
    names = {a.id: a.name for a in db.session.execute(select(Account.id, Account.name).where(Account.id.in_(who)))}
    posts, clerks = (bool(writing_as(principal(), some).grants) for some in (POST, CLERKS))
    return render_template(
        "admin/paper.html", title="纸质证书", back=url_for("console_printing.of_run", run_id=seen.certificate.run_id),
        seen=seen, row=row, ways=delivery.WAYS, states=delivery.STATES, problem=problem, errors=errors or {},
        address=address, given=given or PaperWayPage(way=row.way if row else "electronic"), may_post=posts,
        may_undo=clerks and any(step.undone_at is None for step in past),
        has_address=bool(row and row.address_sealed), past=[_step(step, names) for step in past],
        here=url_for("console_delivering.one", certificate_id=certificate_id),
    )  # fmt: skip


def _step(step: Any, names: dict[int, str]) -> list[Any]:
    undone = (
        f"{day_time_long(step.undone_at)} {names.get(step.undone_by, '')}：{step.reason}" if step.undone_at else None
    )
    return [
        f"{delivery.STATES[step.was]} → {delivery.STATES[step.became]}", day_time_long(step.at), names.get(step.by),
        undone,
    ]  # fmt: skip
