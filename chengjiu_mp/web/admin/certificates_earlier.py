"""历史证书: the papers of old ledgers, one of them, and the import that brought them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, or_, select, true
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import earlier, earlier_changes, states
from chengjiu_mp.certificates.earlier import EarlierSeen
from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.certificates.importing import ROLES
from chengjiu_mp.certificates.request_queries import PROPOSERS
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.core.paging import page
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.signin.models import Account
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.policy import open_units
from chengjiu_mp.web import forms
from chengjiu_mp.web.admin.certificates import APPROVER, READERS, TONES
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_earlier", __name__, url_prefix="/console/certificates/earlier")

MAY = roles(*ROLES)
COLUMNS = ["编号", "姓名", "类别", "状态", "发证", "有效期至", "来源"]
_HERE, _GONE = {"text": "已导入", "tone": "ok"}, {"text": "已撤回", "tone": "bad"}
BATCHES = ["导入时间", "导入人", {"label": "新增", "num": True}, {"label": "补证件", "num": True}, "状态"]


class ReasonPage(In):
    reason: str = Field(default="", max_length=200)


@blueprint.get("/")
@access(READERS)
def index() -> str:
    """Show one page of earlier certificates, newest first, by number, name or what is still to be completed."""
    asked, only = request.args.get("q", "").strip()[:60], request.args.get("only", "")
    bare = EarlierCertificate.person_id.is_(None) if only == "bare" else true()
    wanted = and_(earlier.earlier_visible_to(principal()), bare, _asked(asked))
    shown = page(select(EarlierCertificate).where(wanted), EarlierCertificate.id, request.args.get("cursor"))
    following = url_for(".index", only=only, q=asked, cursor=shown.next_cursor) if shown.next_cursor else ""
    return render_template(
        "admin/earlier.html", title="历史证书", back=url_for("console_certificates.index"), columns=COLUMNS,
        rows=[_row(one) for one in earlier.newest_earlier([c.id for c in shown.items])], chips=_chips(only),
        asked=asked, only=only, following=following, may_import=principal().has(*ROLES),
    )  # fmt: skip


def _chips(only: str) -> list[dict[str, Any]]:
    bare = earlier.earlier_visible_to(principal()), EarlierCertificate.person_id.is_(None)
    count = db.session.scalar(select(func.count()).select_from(EarlierCertificate).where(*bare))
    return [
        {"label": "全部", "href": url_for(".index"), "current": only != "bare"},
        {"label": "没有证件号码", "href": url_for(".index", only="bare"), "current": only == "bare", "count": count},
    ]


def _asked(asked: str) -> ColumnElement[bool]:
    if not asked:
        return true()
    return or_(EarlierCertificate.number == tidy_number(asked), EarlierCertificate.name == asked)


def _row(seen: EarlierSeen) -> list[Any]:
    one = seen.certificate
    return [
        {"text": one.number, "href": url_for(".one", certificate_id=one.id)}, one.name, seen.kind,
        {"text": states.WORDS[seen.state], "tone": TONES[seen.state]}, date_long(one.issued_on),
        date_long(one.valid_until) if one.valid_until else "长期", one.source,
    ]  # fmt: skip


@blueprint.get("/<row:certificate_id>")
@access(READERS)
def one(certificate_id: int) -> str:
    """Show one of them and what can be done."""
    return _page(certificate_id)


@blueprint.post("/<row:certificate_id>/propose")
@access(roles(*PROPOSERS))
def propose(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Propose to revoke it, with a reason."""
    return _changed(certificate_id, PROPOSERS, lambda of, reason: earlier_changes.propose(of, reason, principal()))


@blueprint.post("/<row:certificate_id>/revoke")
@access(roles(*APPROVER))
def revoke(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Revoke what somebody else proposed to revoke."""
    return _changed(certificate_id, APPROVER, lambda of, _: earlier_changes.agree(of, principal()))


@blueprint.post("/<row:certificate_id>/decline")
@access(roles(*PROPOSERS, *APPROVER))
def decline(certificate_id: int) -> AnyResponse | tuple[str, int]:
    """Refuse a proposal, or take one's own back."""
    may = (*PROPOSERS, *APPROVER)
    return _changed(certificate_id, may, lambda of, _: _declined(of))


def _declined(of: EarlierCertificate) -> None:
    # As for other certificates: an operator takes their own back, an approver decides on anybody's.
    if of.proposed_by != principal().account_id:
        earlier.earlier_for(principal(), of.id, roles=APPROVER, writing=True)
    earlier_changes.decline(of, principal())


def _changed(
    certificate_id: int, may: tuple[str, ...], change: Callable[[EarlierCertificate, str], None]
) -> AnyResponse | tuple[str, int]:
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            change(earlier.earlier_for(principal(), certificate_id, roles=may, writing=True), given.reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(certificate_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".one", certificate_id=certificate_id), 303)


def _page(certificate_id: int, problem: str = "") -> str:
    row = earlier.earlier_for(principal(), certificate_id)
    (seen,) = earlier.newest_earlier([row.id])
    unit = db.session.get_one(Unit, row.owner_unit_id)
    batch = db.session.get_one(EarlierBatch, row.batch_id)
    return render_template(
        "admin/earlier_one.html", title=f"历史证书 {row.number}", back=url_for(".index"), seen=seen, unit=unit,
        batch=batch, word=states.WORDS[seen.state], tone=TONES[seen.state], problem=problem,
        may_propose=principal().has(*PROPOSERS), may_agree=principal().has(*APPROVER),
        own=row.proposed_by is not None and row.proposed_by == principal().account_id,
        by=_names({row.proposed_by}).get(row.proposed_by, ""), may_batch=_may_see(batch),
    )  # fmt: skip


@blueprint.get("/batches")
@access(MAY)
def batches() -> str:
    """Show the imports in reach, the newest first."""
    mine = select(EarlierBatch)
    if open_units(principal(), ROLES) is not None:
        mine = mine.where(EarlierBatch.made_by == principal().account_id)
    shown = page(mine, EarlierBatch.id, request.args.get("cursor"))
    following = url_for(".batches", cursor=shown.next_cursor) if shown.next_cursor else ""
    return render_template(
        "admin/earlier_batches.html", title="导入记录", back=url_for(".index"), columns=BATCHES,
        rows=_batch_rows(shown.items), following=following,
    )  # fmt: skip


def _batch_rows(found: list[EarlierBatch]) -> list[list[Any]]:
    names = _names({one.made_by for one in found})
    return [
        [{"text": day_time_long(one.made_at), "href": url_for(".batch", batch_id=one.id)}, names.get(one.made_by),
         one.added, one.completed, _GONE if one.withdrawn_at else _HERE]
        for one in found
    ]  # fmt: skip


@blueprint.get("/batches/<row:batch_id>")
@access(MAY)
def batch(batch_id: int) -> str:
    """Show what an import did, and the way to take it back."""
    return _batch_page(batch_id)


@blueprint.post("/batches/<row:batch_id>/withdraw")
@access(roles(*APPROVER))
def withdraw(batch_id: int) -> AnyResponse | tuple[str, int]:
    """Take a whole import back, with a reason."""
    require_city(*APPROVER, writing=True)
    try:
        given = from_pairs(ReasonPage, request.form, ignore=forms.IGNORED)
        with unit_of_work():
            earlier_changes.withdraw_batch(_batch(batch_id), given.reason, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _batch_page(batch_id, refusal.sentence), refusal.kind.value
    return redirect(url_for(".batch", batch_id=batch_id), 303)


def _batch(batch_id: int) -> EarlierBatch:
    found = db.session.get(EarlierBatch, batch_id)
    if found is None or not _may_see(found):
        raise NotFound
    return found


def _may_see(of: EarlierBatch) -> bool:
    who = principal()
    return who.has(*ROLES) and (open_units(who, ROLES) is None or of.made_by == who.account_id)


def _batch_page(batch_id: int, problem: str = "") -> str:
    found = _batch(batch_id)
    names = _names({found.made_by, found.withdrawn_by})
    return render_template(
        "admin/earlier_batch.html", title="历史证书导入结果", back=url_for(".batches"), batch=found, problem=problem,
        made_by=names.get(found.made_by), withdrawn_by=names.get(found.withdrawn_by),
        may_withdraw=principal().has(*APPROVER) and open_units(principal(), APPROVER, writing=True) is None,
    )  # fmt: skip


def _names(ids: set[int | None]) -> dict[int | None, str]:
    found = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids - {None})))
    return {row.id: row.name for row in found}
