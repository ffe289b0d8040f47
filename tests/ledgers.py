"""Old ledgers for tests: rows of earlier certificates, and their import."""

from typing import Any

from chengjiu_mp.certificates import importing
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.earlier_sheet import COLUMNS, read_rows
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.signin import sessions
from tests import factories

HEADER = list(COLUMNS.values())
_LINE = {
    "name": "钱玉芬", "number": "JYHS-2023-0007", "kind": "救护员", "issued_on": "2023-05-06",
    "valid_until": "2026-12-31", "unit": "澄江街道", "source": "2023 年纸质台账", "doc_number": "", "doc_type": "",
    "state": "",
}  # fmt: skip


def line(**values: str) -> list[str]:
    """Return a row of the sheet, good unless said otherwise."""
    return [{**_LINE, **values}[name] for name in COLUMNS]


def office(role: str = "operator", unit: str | None = None) -> Principal:
    with factories.made():
        factories.unit()
        who = factories.account(role, unit)
        return Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))


def look(*rows: list[str], by: Principal | None = None) -> importing.Preview:
    made = importing.preview(Sheet([HEADER, *rows]), by or office())
    db.session.rollback()
    return made


def load(*rows: list[str], by: Principal | None = None, partial: bool = False) -> Any:
    """Import these rows; return the batch, None when nothing was new."""
    by = by or office()
    with unit_of_work():
        return importing.import_ledger(read_rows(Sheet([HEADER, *rows])), by, partial=partial)


def registered() -> dict[str, EarlierCertificate]:
    db.session.rollback()
    return {one.number: one for one in db.session.query(EarlierCertificate)}
