"""JSON routes of changes after issue: an operator proposes, an approver who is somebody else decides (rel 3.7)."""

from flask import Blueprint

from chengjiu_mp.certificates import desk_errors, errors, requests, schemas
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import certificate_for
from chengjiu_mp.certificates.queries import newest_of
from chengjiu_mp.certificates.request_models import CertificateRequest
from chengjiu_mp.certificates.request_queries import DECIDERS, PROPOSERS, request_for
from chengjiu_mp.certificates.requests import Sight, Wish
from chengjiu_mp.certificates.showing import certificate_out
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.people.names import NameRefused

blueprint = Blueprint("certificate_requests_api", __name__, url_prefix="/api/v1")

PROPOSER, APPROVER = access.roles(*PROPOSERS), access.roles(*DECIDERS)
_DECIDING = (NotFound, desk_errors.OwnProposal, desk_errors.DecidedAlready, errors.NotStanding)


@route(
    blueprint, "POST", "/certificates/<row:certificate_id>/requests", PROPOSER, status=201,
    refusals=(
        NotFound, NameRefused, errors.SameName, errors.NotStanding, desk_errors.SightIncomplete,
        desk_errors.RequestOpen,
    ),
    example={"kind": "revoke", "reason": "成绩登记有误"},
)  # fmt: skip
def propose_change(certificate_id: int, body: schemas.ChangeIn) -> schemas.ChangeOut:
    """Propose a change; nothing changes until somebody else approves it."""
    of = certificate_for(principal(), certificate_id, roles=PROPOSERS, writing=True)
    sight = Sight(body.seen_document, body.seen_by, body.seen_on)
    return _out(requests.propose(of, Wish(body.kind, body.reason, body.name, sight)))


@route(blueprint, "POST", "/certificates/requests/<row:request_id>/approve", APPROVER, refusals=_DECIDING)
def approve_change(request_id: int) -> schemas.ChangeOut:
    """Approve what somebody else proposed; it is done at once."""
    return _out(requests.approve(request_for(principal(), request_id, roles=DECIDERS, writing=True).request))


@route(
    blueprint, "POST", "/certificates/requests/<row:request_id>/refuse", access.roles(*PROPOSERS, *DECIDERS),
    refusals=(NotFound, desk_errors.OwnProposal, desk_errors.DecidedAlready),
    example={"reason": "证件上的字与申请不一致"},
)  # fmt: skip
def refuse_change(request_id: int, body: schemas.DecisionIn) -> schemas.ChangeOut:
    """Refuse with a reason that the holder reads."""
    return _out(requests.refuse(to_refuse(request_id), body.reason))


def to_refuse(request_id: int) -> CertificateRequest:
    """Return what the caller may refuse: a proposal as approver, a holder's wish that nobody took up as operator too.

    :raise NotFound: missing, or not for this caller
    """
    found = request_for(principal(), request_id, roles=(*PROPOSERS, *DECIDERS), writing=True).request
    if found.state != "asked":
        request_for(principal(), request_id, roles=DECIDERS, writing=True)
    return found


@route(
    blueprint, "POST", "/certificates/<row:certificate_id>/revoke", APPROVER,
    refusals=(NotFound, desk_errors.ProposalMissing, desk_errors.OwnProposal, errors.NotStanding),
    example={"reason": "成绩登记有误"},
)  # fmt: skip
def revoke(certificate_id: int, body: schemas.RevokeIn) -> schemas.CertificateOut:
    """Approve the revocation that somebody else proposed: from today on. The reason on record is the proposal's; the
    public sees the day."""
    requests.approve_open(_for_approver(certificate_id), requests.REVOKE, body.reason)
    return certificate_out(newest_of(certificate_id))


@route(
    blueprint, "POST", "/certificates/<row:certificate_id>/correct", APPROVER,
    refusals=(NotFound, NameRefused, desk_errors.ProposalMissing, desk_errors.ProposalDiffers, desk_errors.OwnProposal,
              errors.SameName, errors.NotStanding),
    example={"name": "张珊", "reason": "与证件核对，姓名录错"},
)  # fmt: skip
def correct(certificate_id: int, body: schemas.CorrectIn) -> schemas.CertificateOut:
    """Approve the name that somebody else proposed: the same number, a new version and code; the old code reads
    已更正."""
    requests.approve_open(_for_approver(certificate_id), requests.NAME, body.reason, name=body.name)
    return certificate_out(newest_of(certificate_id))


def _for_approver(certificate_id: int) -> Certificate:
    return certificate_for(principal(), certificate_id, roles=DECIDERS, writing=True)


def _out(row: CertificateRequest) -> schemas.ChangeOut:
    return schemas.ChangeOut(
        id=row.id, certificate_id=row.certificate_id, kind=row.kind, state=row.state,  # type: ignore[arg-type]
        new_name=row.new_name, due_on=row.due_on, decision=row.decision, made_version=row.made_version,
    )  # fmt: skip
