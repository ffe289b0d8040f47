"""The worker's side of print files: made outside of any transaction, done once more when it was cut off."""

import csv
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select, update

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.pdf import certificate_pdf
from chengjiu_mp.certificates.printing import ZIPS, offset_of
from chengjiu_mp.certificates.printing_models import PrintFile
from chengjiu_mp.certificates.printing_sheets import SHEETS, Printed, pages
from chengjiu_mp.certificates.rendering import face_of
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.fonts import discover_fonts
from chengjiu_mp.core.pdf import write_pdf
from chengjiu_mp.core.storage import media

MANIFEST = "清单.csv"
_COLUMNS = ("序号", "文件名", "姓名", "证书编号", "版本", "类别", "发证日期", "有效期至")
# What Windows, macOS and Linux together do not take in a file's name.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]+')
_LONGEST = 40
# Rows of progress: often enough to see it move, seldom enough to cost nothing.
_EVERY = 20
_TITLE = "证书打印件"

_font_dirs: Sequence[Path] = ()


def use_font_dirs(folders: Sequence[Path]) -> None:
    """Install where fonts lie that staff dropped in; the application factory does it once."""
    global _font_dirs
    _font_dirs = folders


@dataclass(frozen=True)
class Item:
    """One certificate of a file: its place, its face, its version and the stored picture's name."""

    place: int
    face: CertificateFace
    version: int
    file: str

    def picture(self) -> bytes:
        """Return the picture's bytes."""
        return media().get(self.file)


def make_file(file_id: int) -> Callable[[], None] | None:
    """Make a file; return the effect that records it, None when it is there already or its day is over."""
    row = db.session.get(PrintFile, file_id, populate_existing=True)
    if row is None or row.state != "queued":
        return None
    product, items, offset = row.product, _items(row), offset_of(row)
    end_read()
    counted = _counted(file_id, items)
    if product in ZIPS:
        name = media().put_made(lambda out: _zip(out, counted, pdf=product == "zip_pdf"), "zip")
    else:
        name = media().put_made(lambda out: _sheets(out, counted, product, offset), "pdf")
    return lambda: _record(file_id, name, len(items))


def _items(row: PrintFile) -> list[Item]:
    """What still stands of what was asked for, in the order of asking; revoked meanwhile, it stays out."""
    found = {
        version.id: version
        for version in db.session.scalars(
            select(CertificateVersion)
            .join(Certificate, Certificate.id == CertificateVersion.certificate_id)
            .where(CertificateVersion.id.in_(row.version_ids), Certificate.state == "issued")
        )
    }
    there = [found[one] for one in row.version_ids if one in found and found[one].file]
    return [Item(place, face_of(one), one.version, one.file or "") for place, one in enumerate(there, 1)]


def _counted(file_id: int, items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        if item.place % _EVERY == 0:
            with unit_of_work():
                db.session.execute(update(PrintFile).where(PrintFile.id == file_id).values(done=item.place))


def _record(file_id: int, name: str, rows: int) -> None:
    waiting = update(PrintFile).where(PrintFile.id == file_id, PrintFile.state == "queued")
    db.session.execute(waiting.values(state="ready", file=name, done=rows))


def _sheets(out: BinaryIO, items: Iterator[Item], product: str, offset: tuple[float, float]) -> None:
    wanted = (Printed(one.face, one.picture, offset) for one in items)
    write_pdf(out, pages(SHEETS[product], wanted, discover_fonts(_font_dirs)), title=_TITLE)


def _zip(out: BinaryIO, items: Iterator[Item], *, pdf: bool) -> None:
    # Stored, not deflated: JPEG does not shrink. The same certificates give the same bytes.
    lines, seen = [], Counter[str]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for one in items:
            name = file_name(one.place, one.face.holder_name, seen, "pdf" if pdf else "jpg")
            content = certificate_pdf(one.face, one.picture()) if pdf else one.picture()
            archive.writestr(_entry(name, one.face.issued_on), content)
            lines.append(_line(one, name))
        last = max((line[6] for line in lines), default="1980-01-01")
        archive.writestr(_entry(MANIFEST, date.fromisoformat(last)), manifest(lines))


def _entry(name: str, day: date) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (max(day.year, 1980), day.month, day.day, 0, 0, 0))
    made.external_attr = 0o600 << 16
    return made


def file_name(place: int, name: str, seen: Counter[str], suffix: str) -> str:
    """Return 序号_姓名.jpg that every system takes; the second of a name gets a figure behind it."""
    safe = _UNSAFE.sub("", unicodedata.normalize("NFC", name)).strip(" .")[:_LONGEST].strip(" .") or "未命名"
    seen[safe.casefold()] += 1
    again = f"_{seen[safe.casefold()]}" if seen[safe.casefold()] > 1 else ""
    return f"{place:03d}_{safe}{again}.{suffix}"


def manifest(lines: Sequence[Sequence[str]]) -> bytes:
    """Return the list of a ZIP as CSV that Excel opens in Chinese; no cell is a formula (rel-X1)."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    writer.writerows([_plain(cell) for cell in line] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def _line(one: Item, name: str) -> tuple[str, ...]:
    face = one.face
    until = face.valid_until.isoformat() if face.valid_until else "长期"
    return (
        str(one.place), name, face.holder_name, face.number, str(one.version), face.kind_name,
        face.issued_on.isoformat(), until,
    )  # fmt: skip


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell
