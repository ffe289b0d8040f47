"""What is asked of the printer: certificates of a run or a unit as sheets in a PDF, or one by one in a ZIP.

Asking freezes which versions go in and makes one file, or several of a bounded size; a worker makes them
(:mod:`printing_making`); who asked takes them, for a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, update

from chengjiu_mp.certificates import delivery
from chengjiu_mp.certificates.delivery_models import Delivery
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.policy import certificates_visible_to
from chengjiu_mp.certificates.printing_errors import FileNotReady, NothingToPrint, TooManyToPrint
from chengjiu_mp.certificates.printing_models import CertificatePrint, PrintFile
from chengjiu_mp.certificates.printing_sheets import PREPRINTED, SHEETS
from chengjiu_mp.certificates.queries import newest_version_number
from chengjiu_mp.core import audit, clock, jobs
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.rows import insert_new
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.units.models import Unit

MAKE = "certificates.print_file"
ZIPS = {"zip_jpg": "图片压缩包（每人一张 JPG，附清单）", "zip_pdf": "PDF 压缩包（每人一个 PDF，附清单）"}
PRODUCTS = {**{key: sheet.words for key, sheet in SHEETS.items()}, **ZIPS}
WHICH = {"all": "全部", "paper": "选了自取或邮寄、还要打印的", "reprint": "更正后需重印的"}
# Drawing these takes some ten seconds, copying those about five; a task has thirty.
SHEETS_AT_ONCE, ZIPPED_AT_ONCE, MOST = 120, 300, 2000
FILE_LIVES = timedelta(hours=24)


@dataclass(frozen=True)
class Of:
    """Whose certificates: those of a run, perhaps one alone, or a unit's own people's, perhaps of one year of issue."""

    run_id: int | None = None
    unit_id: int | None = None
    year: int | None = None
    certificate_id: int | None = None

    def holds(self) -> ColumnElement[bool]:
        """Return the condition on Certificate."""
        if self.certificate_id is not None:
            return Certificate.id == self.certificate_id
        if self.run_id is not None:
            return Certificate.run_id == self.run_id
        return Certificate.owner_unit_id == self.unit_id

    def about(self) -> CourseRun | Unit:
        """Return the run or unit."""
        if self.run_id is not None:
            return db.session.get_one(CourseRun, self.run_id)
        return db.session.get_one(Unit, self.unit_id)


def ask_for(
    of: Of, product: str, which: str, by: Principal, roles: Sequence[str], offset_mm: tuple[float, float] = (0.0, 0.0)
) -> list[PrintFile]:
    """Ask for the files of a product; what is not ready or no longer stands is left out and counted.

    :param which: a key of WHICH; :param roles: whose grants open certificates here
    :param offset_mm: how far pages for pre-printed stock are moved, to the right and downwards
    :raise NothingToPrint, TooManyToPrint
    """
    chosen = db.session.execute(_chosen(of, which, by, roles).limit(MOST + 1)).all()
    if len(chosen) > MOST:
        raise TooManyToPrint(most=MOST)
    ready = [version_id for version_id, state in chosen if state == "ready"]
    if not ready:
        raise NothingToPrint
    size = ZIPPED_AT_ONCE if product in ZIPS else SHEETS_AT_ONCE
    parts = [ready[at : at + size] for at in range(0, len(ready), size)]
    across, down = (round(value * 100) for value in (offset_mm if product == PREPRINTED else (0, 0)))
    files = [
        PrintFile(
            run_id=of.run_id, unit_id=of.unit_id, product=product, version_ids=part, part=place, parts=len(parts),
            left_out=len(chosen) - len(ready), asked_by=by.account_id, across=across, down=down,
        )
        for place, part in enumerate(parts, 1)
    ]  # fmt: skip
    db.session.add_all(files)
    db.session.flush()
    for file in files:
        jobs.ask(MAKE, file.id, queue=jobs.SLOW, dedupe_key=f"{MAKE}:{file.id}")
    audit.record("certificates.print_asked", of.about(), unit_id=_unit_of(files[0]), product=product, rows=len(ready))
    return files


def offset_of(file: PrintFile) -> tuple[float, float]:
    """Return how far a file's pages are moved, in millimetres to the right and downwards."""
    return file.across / 100, file.down / 100


def _unit_of(file: PrintFile) -> int | None:
    return file.unit_id if file.run_id is None else db.session.get_one(CourseRun, file.run_id).unit_id


def _chosen(of: Of, which: str, by: Principal, roles: Sequence[str]) -> Select[int, str]:
    newest = and_(
        CertificateVersion.certificate_id == Certificate.id, CertificateVersion.version == newest_version_number()
    )
    query = (
        select(CertificateVersion.id, CertificateVersion.picture_state)
        .join(Certificate, newest)
        .where(of.holds(), Certificate.state == "issued", certificates_visible_to(by, roles))
        .order_by(Certificate.run_id, Certificate.id)
    )
    if of.year:
        query = query.where(func.extract("year", Certificate.issued_on) == of.year)
    printed = select(func.max(CertificatePrint.version)).where(CertificatePrint.certificate_id == Certificate.id)
    stale = printed.correlate(Certificate).scalar_subquery() < CertificateVersion.version
    waits = exists().where(
        Delivery.certificate_id == Certificate.id, Delivery.way != "electronic", Delivery.state == "chosen"
    )
    return query.where({"paper": waits | stale, "reprint": stale}.get(which, Certificate.id > 0))


def file_of(file_id: int, by: Principal) -> PrintFile:
    """Return a file to who asked for it, and to nobody else.

    :raise NotFound
    """
    row = db.session.get(PrintFile, file_id)
    if row is None or by.account_id is None or row.asked_by != by.account_id:
        raise NotFound
    return row


def take(file: PrintFile) -> Path:
    """Return where a file lies, and note who takes it.

    :raise FileNotReady: it waits, or its day is over
    """
    path = media().path(file.file) if file.file else None
    if file.state != "ready" or is_over(file) or path is None or not path.exists():
        raise FileNotReady
    audit.record("certificates.print_taken", file, unit_id=_unit_of(file), product=file.product, rows=file.done)
    return path


def is_over(file: PrintFile) -> bool:
    """Return whether a file's day is over."""
    return file.state == "gone" or file.asked_at <= clock.now() - FILE_LIVES


def stopped(file: PrintFile) -> bool:
    """Return whether the making gave up."""
    key = f"{MAKE}:{file.id}"
    return file.state == "queued" and db.session.scalar(select(Job.state).where(Job.dedupe_key == key)) == "dead"


def mark_printed(file: PrintFile, by: Principal) -> int:
    """Enter a file's certificates as printed, and move those on that wait for paper; return how many. Twice: once.

    :raise FileNotReady: there was nothing to print yet
    """
    # A picture for keeping is no paper, and what went before it was made was never printed.
    if file.product in ZIPS or not file.done or file.state == "queued":
        raise FileNotReady
    held = update(PrintFile).where(PrintFile.id == file.id, PrintFile.printed_at.is_(None))
    if db.session.scalar(held.values(printed_at=clock.now()).returning(PrintFile.id)) is None:
        return 0
    wanted = select(CertificateVersion).where(CertificateVersion.id.in_(file.version_ids))
    # Revoked before it was made, it is on no sheet.
    wanted = wanted.join(Certificate, Certificate.id == CertificateVersion.certificate_id)
    wanted = wanted.where(Certificate.state == "issued")
    versions = db.session.scalars(wanted.order_by(CertificateVersion.id)).all()
    for version in versions:
        enter_print(version, by, file.id)
    db.session.refresh(file)
    audit.record("certificates.printed", file, unit_id=_unit_of(file), rows=len(versions))
    return len(versions)


def enter_print(version: CertificateVersion, by: Principal, file_id: int) -> None:
    """Enter one version in the ledger of prints."""
    insert_new(
        CertificatePrint, ("print_file_id", "version_id"), certificate_id=version.certificate_id, version_id=version.id,
        version=version.version, print_file_id=file_id, printed_at=clock.now(), printed_by=by.account_id,
    )  # fmt: skip
    delivery.paper_is_there(version.certificate_id, by)


def due_to_go() -> list[int]:
    """Return the files whose day is over."""
    over = PrintFile.asked_at <= clock.now() - FILE_LIVES
    return list(db.session.scalars(select(PrintFile.id).where(over, PrintFile.state != "gone").limit(200)))


def strays() -> list[str]:
    """Return stored files that are no print file's: a worker died, or made one whose day was over meanwhile.

    Nobody else stores files of these kinds. A young one may be made just now, and be entered next.
    """
    stored = media().names(("pdf", "zip"), before=clock.now() - FILE_LIVES)
    kept = set(db.session.scalars(select(PrintFile.file).where(PrintFile.file.is_not(None))))
    return [name for name in stored if name not in kept]


def let_go(file_id: int) -> None:
    """Delete a file; twice changes nothing. The same bytes may be somebody else's file still."""
    row = db.session.get_one(PrintFile, file_id)
    name, row.state, row.file = row.file, "gone", None
    db.session.flush()
    if name and not db.session.scalar(select(func.count()).where(PrintFile.file == name)):
        after_commit(lambda: media().discard(name))
