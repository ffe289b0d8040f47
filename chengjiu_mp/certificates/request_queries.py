"""What is under way about certificates: for the office's queue, for the holder, for the public's old codes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select

from chengjiu_mp.certificates import versions
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.policy import OFFICE_ROLES, certificates_visible_to
from chengjiu_mp.certificates.queries import Seen
from chengjiu_mp.certificates.request_models import CertificateRequest, Reprint
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account, RoleGrant

PROPOSERS, DECIDERS = ("operator",), ("approver",)
_OPEN = CertificateRequest.state.in_(("asked", "proposed"))


@dataclass(frozen=True)
class UnderWay:
    """A request with its certificate, and the names of who may take the next step, deputies included."""

    request: CertificateRequest
    certificate: Certificate
    waits_for: tuple[str, ...]

    @property
    def late(self) -> bool:
        """Whether the promised day has passed."""
        return clock.today() > self.request.due_on


def under_way(who: Principal) -> list[UnderWay]:
    """Return what waits in the caller's scope, the longest waiting first."""
    found = db.session.execute(
        select(CertificateRequest, Certificate)
        .join(Certificate, Certificate.id == CertificateRequest.certificate_id)
        .where(_OPEN, certificates_visible_to(who))
        .order_by(CertificateRequest.asked_at, CertificateRequest.id)
    ).all()
    return _with_people([(request, certificate) for request, certificate in found])


def number_for(who: Principal) -> int:
    """Return how many requests wait for a step that the caller may take."""
    step = [(DECIDERS, CertificateRequest.state == "proposed"), (PROPOSERS, CertificateRequest.state == "asked")]
    mine = [condition & certificates_visible_to(who, roles) for roles, condition in step if who.has(*roles)]
    if not mine:
        return 0
    others = or_(CertificateRequest.proposed_by.is_(None), CertificateRequest.proposed_by != who.account_id)
    query = select(func.count(CertificateRequest.id)).join(Certificate).where(or_(*mine), others)
    return db.session.scalar(query) or 0


def request_for(
    who: Principal, request_id: int, *, roles: Iterable[str] = OFFICE_ROLES, writing: bool = False
) -> UnderWay:
    """Return a request in the caller's scope.

    :param writing: leave read-only grants out; :raise NotFound: missing or out of scope; both look alike
    """
    if writing:
        who = Principal(account_id=who.account_id, grants=tuple(g for g in who.grants if not g.read_only))
    row = db.session.execute(
        select(CertificateRequest, Certificate)
        .join(Certificate, Certificate.id == CertificateRequest.certificate_id)
        .where(CertificateRequest.id == request_id, certificates_visible_to(who, roles))
    ).first()
    if row is None:
        raise NotFound
    return _with_people([(row[0], row[1])])[0]


def requests_of(certificate_id: int) -> list[CertificateRequest]:
    """Return everything that was asked about a certificate, the newest first."""
    of = select(CertificateRequest).where(CertificateRequest.certificate_id == certificate_id)
    return list(db.session.scalars(of.order_by(CertificateRequest.id.desc())))


def holders_request(certificate_id: int) -> CertificateRequest | None:
    """Return the newest wish for another name, for the holder's own page; None when there was none."""
    return next((one for one in requests_of(certificate_id) if one.kind == "name"), None)


def reprints_of(certificate_id: int) -> list[Reprint]:
    """Return how often and why the paper was made once more, the newest first."""
    of = select(Reprint).where(Reprint.certificate_id == certificate_id)
    return list(db.session.scalars(of.order_by(Reprint.id.desc())))


def newer_path(seen: Seen) -> str:
    """Return the public page of the version that replaced this one, "" where there is none to point at.

    An old code points at its successor after a correction; never past a leak: whoever has the leaked picture would
    have the new code at once.
    """
    newest = versions.newest_version(seen.certificate.id)
    if seen.state != "corrected" or newest.version == seen.version.version:
        return ""
    leaked = exists().where(
        CertificateRequest.certificate_id == seen.certificate.id, CertificateRequest.kind == "leaked",
        CertificateRequest.made_version > seen.version.version,
    )  # fmt: skip
    return "" if db.session.scalar(select(leaked)) else versions.verify_path(newest)


def _with_people(found: Collection[tuple[CertificateRequest, Certificate]]) -> list[UnderWay]:
    ids = [certificate.id for _, certificate in found]
    holders = {role: _who_may(role, ids) for role in (*PROPOSERS, *DECIDERS)} if ids else {}
    return [UnderWay(request, one, _waits_for(request, holders)) for request, one in found]


def _waits_for(request: CertificateRequest, holders: dict[str, list["_May"]]) -> tuple[str, ...]:
    role = {"asked": PROPOSERS[0], "proposed": DECIDERS[0]}.get(request.state)
    return tuple(
        may.name
        for may in holders.get(role or "", ())
        if request.certificate_id in may.certificate_ids and may.account_id != request.proposed_by
    )


@dataclass(frozen=True)
class _May:
    account_id: int
    name: str
    certificate_ids: frozenset[int]


def _who_may(role: str, certificate_ids: Collection[int]) -> list[_May]:
    of = select(RoleGrant.account_id).where(RoleGrant.role == role, RoleGrant.read_only.is_(False))
    accounts = db.session.scalars(select(Account).where(Account.id.in_(of), Account.active).order_by(Account.id)).all()
    return [_May(one.id, one.name, _open_to(one.id, role, certificate_ids)) for one in accounts]


def _open_to(account_id: int, role: str, certificate_ids: Collection[int]) -> frozenset[int]:
    grants = tuple(g for g in sessions.grants_of(account_id) if not g.read_only)
    visible: ColumnElement[bool] = certificates_visible_to(Principal(account_id=account_id, grants=grants), (role,))
    return frozenset(db.session.scalars(select(Certificate.id).where(Certificate.id.in_(certificate_ids), visible)))
