"""The ledger of paper: of each certificate what was printed last, by whom, and where it is. And the pick-up sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from chengjiu_mp.certificates.delivery_models import Delivery
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.policy import certificates_visible_to
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_models import CertificatePrint, PrintFile
from chengjiu_mp.certificates.queries import newest_version_number
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.signup_queries import phone_of
from chengjiu_mp.signin.models import Account

PAGE = 100


@dataclass(frozen=True)
class Line:
    """A certificate, its newest version, the print of it that came out last and who made it, and its way."""

    certificate: Certificate
    version: CertificateVersion
    print: CertificatePrint | None
    printed_by: str
    delivery: Delivery | None

    @property
    def stale(self) -> bool:
        """Return whether what was printed bears a name since corrected (需重印)."""
        return self.print is not None and self.print.version < self.version.version

    @property
    def collectable(self) -> bool:
        """Return whether the paper can be handed to its holder now."""
        fetched = self.delivery is not None and self.delivery.way == "pickup" and self.state in ("printed", "waiting")
        return fetched and not self.stale and self.certificate.state == "issued"

    @property
    def state(self) -> str:
        """Return how far the paper is, "" where nobody chose."""
        return self.delivery.state if self.delivery else ""


@dataclass(frozen=True)
class PickupRow:
    """One line of the pick-up sheet."""

    number: int
    name: str
    certificate: str
    phone_end: str
    collected: bool
    stale: bool


def lines(of: Of, by: Principal, roles: Sequence[str], *, after: int = 0, size: int | None = None) -> list[Line]:
    """Return the lines within the caller's scope, in the order of issue, of those that still stand or were printed.

    :param after: the id of the certificate before the first; :param size: how many at most
    """
    last, other = aliased(CertificatePrint), aliased(CertificatePrint)
    newest_print = select(func.max(other.id)).where(other.certificate_id == Certificate.id).correlate(Certificate)
    query = (
        select(Certificate, CertificateVersion, last, Account.name, Delivery)
        .join(CertificateVersion, CertificateVersion.certificate_id == Certificate.id)
        .outerjoin(last, last.id == newest_print.scalar_subquery())
        .outerjoin(Account, Account.id == last.printed_by)
        .outerjoin(Delivery, Delivery.certificate_id == Certificate.id)
        .where(of.holds(), certificates_visible_to(by, roles), Certificate.id > after)
        .where(CertificateVersion.version == newest_version_number())
        .order_by(Certificate.id)
    )
    if of.year:
        query = query.where(func.extract("year", Certificate.issued_on) == of.year)
    found = db.session.execute(query.limit(size) if size else query)
    return [Line(one, version, made, who or "", way) for one, version, made, who, way in found]


def files_of(of: Of, by: Principal) -> list[PrintFile]:
    """Return the caller's own files, the newest first."""
    mine = PrintFile.run_id == of.run_id if of.run_id is not None else PrintFile.unit_id == of.unit_id
    query = select(PrintFile).where(mine, PrintFile.asked_by == by.account_id, PrintFile.state != "gone")
    return list(db.session.scalars(query.order_by(PrintFile.id.desc()).limit(20)))


def fetching(run_id: int, by: Principal, roles: Sequence[str]) -> list[Line]:
    """Return the lines of those who fetch their paper of a run."""
    return [
        line for line in lines(Of(run_id), by, roles)
        if line.delivery and line.delivery.way == "pickup" and line.certificate.state == "issued"
    ]  # fmt: skip


def pickup_sheet(run_id: int, by: Principal, roles: Sequence[str]) -> tuple[list[PickupRow], datetime]:
    """Return the sheet of those who fetch their paper of a run, and note that it was printed.

    :raise NotFound: nobody does
    """
    found = fetching(run_id, by, roles)
    if not found:
        raise NotFound
    run = db.session.get_one(CourseRun, run_id)
    audit.record("certificates.pickup_sheet_printed", run, unit_id=run.unit_id, rows=len(found))
    return [_row(number, line) for number, line in enumerate(found, 1)], clock.now()


def _row(number: int, line: Line) -> PickupRow:
    signup = db.session.get_one(Signup, line.certificate.signup_id)
    ending = phone_of(signup)[-4:] if signup.erased_at is None else ""
    collected = line.delivery is not None and line.delivery.state == "collected" and not line.stale
    return PickupRow(number, line.version.name, line.certificate.number, ending, collected, line.stale)
