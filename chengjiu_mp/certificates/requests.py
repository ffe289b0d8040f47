"""Changing a certificate after issue takes two people: one proposes, another decides (rel 3.7, feat-N7)."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, update

from chengjiu_mp.certificates import promise, states, versions, voids
from chengjiu_mp.certificates.desk_errors import (
    DecidedAlready,
    OwnProposal,
    ProposalDiffers,
    ProposalMissing,
    RequestOpen,
    SightIncomplete,
)
from chengjiu_mp.certificates.errors import SameName
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.request_models import CertificateRequest, Reprint
from chengjiu_mp.core import audit, clock, context
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.names import read_name

NAME, LEAKED, REVOKE, VOID, VOID_AGAIN = "name", "leaked", "revoke", "void", "void_again"
KINDS = {NAME: "更正姓名", LEAKED: "换二维码", REVOKE: "吊销", VOID: "作废编号", VOID_AGAIN: "作废编号，重新发证"}
# What a request reads to who waits for it.
STATES = {"asked": "待核对证件", "proposed": "待复核", "approved": "已办好", "refused": "没有通过"}
# A document seen longer ago than this proves little of the name that it shows today.
SEEN_WITHIN = timedelta(days=366)
_DEEDS = {"approved": "certificate.change_approved", "refused": "certificate.change_refused"}


@dataclass(frozen=True)
class Sight:
    """That somebody saw the holder's document: which kind, who (as known at the desk), on which day."""

    document: DocType | None = None
    by: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Wish:
    """What is proposed: ``name`` for kind ``name`` alone, with the sight that proves it."""

    kind: str
    reason: str
    name: str = ""
    sight: Sight = Sight()


def ask_name(certificate: Certificate, name: str, note: str) -> CertificateRequest:
    """Keep that the holder asks for another printed name; staff look at the document before it is proposed.

    :raise NameRefused: not a name; :raise SameName: it is on there; :raise NotStanding: it is revoked or replaced
    :raise RequestOpen: one is under way
    """
    wanted = _other_name(certificate, name)
    row = _insert(certificate, NAME, "asked", "holder", new_name=wanted, note=note.strip()[:200])
    audit.record("certificate.change_asked", row, unit_id=certificate.owner_unit_id, kind=NAME)
    return row


def propose(certificate: Certificate, wish: Wish) -> CertificateRequest:
    """Propose a change as the caller; what the holder asked for of this kind is taken up by it.

    :raise NameRefused, SameName, SightIncomplete: of kind ``name``; :raise ReasonMissing: fewer than two characters
    :raise NotStanding: it is revoked or replaced; :raise RequestOpen: a proposal of this kind waits already
    """
    said: dict[str, object] = {
        "reason": states.reason_given(wish.reason), "proposed_by": context.principal().account_id,
        "proposed_at": clock.now(),
    }  # fmt: skip
    if wish.kind == NAME:
        said |= {"new_name": _other_name(certificate, wish.name), **_seen(wish.sight)}
    else:
        states.hold_standing(certificate)
    asked = open_request(certificate.id, wish.kind)
    row = _taken_up(asked, said) if asked else _insert(certificate, wish.kind, "proposed", "desk", **said)
    audit.record("certificate.change_proposed", row, unit_id=certificate.owner_unit_id, kind=wish.kind)
    return row


def approve(request: CertificateRequest, note: str = "") -> CertificateRequest:
    """Approve a proposal of somebody else, which makes the change at once; the reason on record is the proposal's.

    :raise OwnProposal: the caller proposed it; :raise DecidedAlready: it waits no more, or for staff's look first
    :raise NotStanding: the certificate was replaced meanwhile; revoking it ends what else waits
    """
    _decide(request, "approved", note.strip()[:200])
    certificate = db.session.get_one(Certificate, request.certificate_id)
    if request.kind == REVOKE:
        states.revoke(certificate, request.reason)
    elif request.kind in (VOID, VOID_AGAIN):
        voids.void_certificate(certificate, request.reason, context.principal(), again=request.kind == VOID_AGAIN)
    elif request.kind == LEAKED:
        request.made_version = states.new_code(certificate, request.reason).version
    else:
        request.made_version = states.correct_name(certificate, request.new_name or "", request.reason).version
    db.session.flush()
    return request


def approve_open(certificate: Certificate, kind: str, note: str, *, name: str = "") -> CertificateRequest:
    """Approve the proposal of this kind that waits for the certificate, for callers that name the certificate alone.

    :raise ProposalMissing: nobody proposed it; :raise ProposalDiffers: another name was proposed
    """
    waiting = open_request(certificate.id, kind)
    if waiting is None or waiting.state != "proposed":
        raise ProposalMissing
    if kind == NAME and read_name(name).name != waiting.new_name:
        raise ProposalDiffers(field="name")
    return approve(waiting, note)


def refuse(request: CertificateRequest, reason: str) -> CertificateRequest:
    """Refuse with a reason that the holder reads. A holder's wish nobody took up may be refused by any staff.

    :raise ReasonMissing: fewer than two characters; :raise OwnProposal, DecidedAlready: as :func:`approve`
    """
    _decide(request, "refused", states.reason_given(reason))
    if request.kind == NAME:
        states.tell_change_refused(db.session.get_one(Certificate, request.certificate_id), request.id)
    return request


def open_request(certificate_id: int, kind: str) -> CertificateRequest | None:
    """Return what is under way of this kind, None when nothing is."""
    return db.session.scalars(
        select(CertificateRequest).where(
            CertificateRequest.certificate_id == certificate_id, CertificateRequest.kind == kind,
            CertificateRequest.state.in_(("asked", "proposed")),
        )
    ).first()  # fmt: skip


def _decide(request: CertificateRequest, state: str, decision: str) -> None:
    me = context.principal().account_id
    if request.proposed_by is not None and request.proposed_by == me:
        raise OwnProposal
    # Ahead of the request's row: revoking takes both in this order.
    of = states.hold(request.certificate_id)
    from_states = ("proposed",) if state == "approved" else ("asked", "proposed")
    # The row judges: of two decisions at once the second finds it decided.
    decided = db.session.scalar(
        update(CertificateRequest)
        .where(CertificateRequest.id == request.id, CertificateRequest.state.in_(from_states))
        .values(state=state, decided_at=clock.now(), decided_by=me, decision=decision)
        .returning(CertificateRequest.id)
    )
    if decided is None:
        raise DecidedAlready
    db.session.refresh(request)
    audit.record(_DEEDS[state], request, unit_id=of.owner_unit_id, kind=request.kind, reason=decision)


def _taken_up(asked: CertificateRequest, said: dict[str, object]) -> CertificateRequest:
    taken = db.session.scalar(
        update(CertificateRequest)
        .where(CertificateRequest.id == asked.id, CertificateRequest.state == "asked")
        .values(state="proposed", **said)
        .returning(CertificateRequest.id)
    )
    if taken is None:
        raise RequestOpen
    db.session.refresh(asked)
    return asked


def _insert(certificate: Certificate, kind: str, state: str, channel: str, **more: object) -> CertificateRequest:
    values = {
        "certificate_id": certificate.id, "kind": kind, "state": state, "channel": channel, "asked_at": clock.now(),
        "due_on": promise.due_on(clock.today()), "old_name": versions.newest_version(certificate.id).name,
        "note": "", "reason": "", "seen_by": "", "decision": "", **more,
    }  # fmt: skip
    if open_request(certificate.id, kind):
        raise RequestOpen
    # The index that holds the open ones judges two at once.
    row = insert_into(CertificateRequest).values(**values).on_conflict_do_nothing().returning(CertificateRequest.id)
    added = db.session.execute(row).scalar()
    if added is None:
        raise RequestOpen
    return db.session.get_one(CertificateRequest, added)


def _other_name(certificate: Certificate, name: str) -> str:
    states.hold_standing(certificate)
    wanted = read_name(name).name
    if versions.newest_version(certificate.id).name == wanted:
        raise SameName(field="name")
    return wanted


def _seen(sight: Sight) -> dict[str, object]:
    """Return the sight as columns.

    :raise SightIncomplete: at the field that lacks, or whose day lies ahead or too long ago
    """
    by, today = sight.by.strip()[:60], clock.today()
    if sight.document is None:
        raise SightIncomplete(field="seen_document")
    if not by:
        raise SightIncomplete("请写明是谁看的证件，例如值班工作人员或讲师的姓名。", field="seen_by")
    if sight.on is None or not today - SEEN_WITHIN <= sight.on <= today:
        raise SightIncomplete("请填看证件的日期，最晚是今天，最早不超过一年。", field="seen_on")
    return {"seen_document": sight.document.value, "seen_by": by, "seen_on": sight.on}


def reprint(certificate: Certificate, cause: str, reason: str) -> Reprint:
    """Note that the paper is printed once more, as it was: the same version, number and code (补发).

    :param cause: lost or damaged; :raise ReasonMissing: fewer than two characters
    :raise NotStanding: it is revoked or replaced
    """
    states.hold_standing(certificate)
    row = Reprint(
        certificate_id=certificate.id, version=versions.newest_version(certificate.id).version, cause=cause,
        reason=states.reason_given(reason), made_by=context.principal().account_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("certificate.reprinted", row, unit_id=certificate.owner_unit_id, cause=cause, reason=row.reason)
    return row
