"""Named printers and how far each has to move its print; an office keeps its own."""

from collections.abc import Sequence

from sqlalchemy import select, true

from chengjiu_mp.certificates.template_errors import OffsetTooLarge
from chengjiu_mp.certificates.template_models import CertificatePrinter
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.units.policy import open_units

ROLES = ("unit_manager", "operator", "approver")
MOST_MM = 20.0
_HUNDREDTHS = 100


def printers_of(who: Principal) -> Sequence[CertificatePrinter]:
    """Return the printers of the caller's units, by name."""
    units = open_units(who, ROLES)
    mine = true() if units is None else CertificatePrinter.unit_id.in_(units)
    return db.session.scalars(select(CertificatePrinter).where(mine).order_by(CertificatePrinter.name)).all()


def printer_for(who: Principal, printer_id: int, *, writing: bool = False) -> CertificatePrinter:
    """Return a printer. :raise NotFound: missing, or of another unit"""
    row = db.session.get(CertificatePrinter, printer_id, populate_existing=True)
    if row is None or not _may(who, row.unit_id, writing=writing):
        raise NotFound
    return row


def offset_of(printer: CertificatePrinter) -> tuple[float, float]:
    """Return how far to move a page, in millimetres to the right and downwards: as ``printed_page`` takes it."""
    return printer.across / _HUNDREDTHS, printer.down / _HUNDREDTHS


def save_printer(who: Principal, unit_id: int, name: str, offset_mm: tuple[float, float]) -> CertificatePrinter:
    """Keep a printer's offset; the same name in the same unit is the same printer.

    :raise NotFound: a unit out of reach; :raise OffsetTooLarge: about ``across`` or ``down``
    """
    if not _may(who, unit_id, writing=True):
        raise NotFound
    for field, value in zip(("across", "down"), offset_mm, strict=True):
        if abs(value) > MOST_MM:
            raise OffsetTooLarge(field=field)
    across, down = (round(value * _HUNDREDTHS) for value in offset_mm)
    changed = {"across": across, "down": down, "changed_at": clock.now(), "changed_by": who.account_id}
    put = insert_into(CertificatePrinter).values(unit_id=unit_id, name=name, **changed)
    put = put.on_conflict_do_update(index_elements=["unit_id", "name"], set_=changed)
    row_id = db.session.scalar(put.returning(CertificatePrinter.id))
    row = db.session.get_one(CertificatePrinter, row_id, populate_existing=True)
    audit.record("printer.saved", row, unit_id=unit_id, across=offset_mm[0], down=offset_mm[1])
    return row


def remove_printer(printer: CertificatePrinter) -> None:
    """Take a printer off the list."""
    audit.record("printer.removed", printer, unit_id=printer.unit_id)
    db.session.delete(printer)
    db.session.flush()


def _may(who: Principal, unit_id: int, *, writing: bool) -> bool:
    units = open_units(who, ROLES, writing=writing)
    return units is None or unit_id in units
