"""Handing certificates over to the platform of the province or the nation (上报): the file of what is not there yet.

Ours is not the national register; a certificate counts as reported when the platform has answered (feat-N35).
"""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from chengjiu_mp.certificates.errors import BatchChanged, ColumnsRefused, NothingToReport
from chengjiu_mp.certificates.handover_models import HandoverBatch, HandoverColumns, HandoverRow
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.queries import Seen, newest_of_all, newest_version_number
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.core import audit, clock, privacy, spreadsheet
from chengjiu_mp.core.audit import Deed
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.people.document_types import DocType
from chengjiu_mp.people.models import Person
from chengjiu_mp.units.models import Unit

MOST = 2000
# What may be reported, with the headings of a new installation; no published format was found (待业务核实).
FIELDS = {
    "number": "证书编号", "name": "姓名", "doc_type": "证件类型", "doc_number": "证件号码", "kind": "证书类别",
    "issued_on": "发证日期", "valid_until": "有效期至", "unit": "单位", "state": "状态",
}  # fmt: skip
NEEDED = ("number", "name", "state")
# Fields that say who it is: what stands for them goes when the person is erased.
PERSONAL = frozenset({"name", "doc_type", "doc_number"})
REPORTED = {"issued": "正常", "corrected": "更正", "revoked": "吊销"}


def columns_in_force() -> list[tuple[str, str]]:
    """Return [(field, heading)] of the next file."""
    newest = db.session.scalars(select(HandoverColumns).order_by(HandoverColumns.id.desc()).limit(1)).first()
    return [(one[0], one[1]) for one in newest.columns] if newest else list(FIELDS.items())


def set_columns(headings: dict[str, str], by: Principal) -> None:
    """Set the headings of the next files, in the order of :data:`FIELDS`; an empty one leaves its column out.

    :raise ColumnsRefused: a needed column is left out, or two are called alike
    """
    chosen = [[name, headings.get(name, "").strip()[:30]] for name in FIELDS if headings.get(name, "").strip()]
    names = [heading for _, heading in chosen]
    for name in NEEDED:
        if name not in dict(chosen):
            raise ColumnsRefused(f"“{FIELDS[name]}”这一列不能去掉。", field=name)
    if len(set(names)) != len(names) or set(names) & {"结果", "退回原因"}:
        raise ColumnsRefused(field="number")
    row = HandoverColumns(columns=chosen, made_by=by.account_id)
    db.session.add(row)
    db.session.flush()
    audit.record("handover.columns_set", row)


def _open() -> ColumnElement[bool]:
    """What is not reported as it stands: never, changed or revoked since, or not taken by the platform."""
    later, last = aliased(HandoverRow), aliased(HandoverRow)
    mine = last.certificate_id == Certificate.id
    followed = select(later.id).where(later.certificate_id == last.certificate_id, later.id > last.id)
    again = select(last.id).where(
        mine, ~followed.correlate(last).exists(),
        or_(
            last.verdict.in_(("rejected", "differs")), last.version < newest_version_number(),
            and_(Certificate.state == "revoked", last.reported != "revoked"),
        ),
    ).correlate(Certificate)  # fmt: skip
    never = ~select(last.id).where(mine).correlate(Certificate).exists()
    # What was revoked before it was ever reported is none of the platform's business.
    return and_(~Certificate.is_test, or_(and_(never, Certificate.state != "revoked"), again.exists()))


def number_to_report() -> int:
    """Return how many certificates the next file would have without a limit."""
    return int(db.session.scalar(select(func.count()).select_from(Certificate).where(_open())) or 0)


def to_report(limit: int = MOST) -> list[Seen]:
    """Return what the next file holds, the oldest first."""
    ids = db.session.scalars(select(Certificate.id).where(_open()).order_by(Certificate.id).limit(limit)).all()
    return newest_of_all(ids)


def reported_as(seen: Seen) -> str:
    """Return as what a certificate is reported now: issued, corrected or revoked."""
    if seen.certificate.state == "revoked":
        return "revoked"
    return "corrected" if seen.version.version > 1 else "issued"


def export(by: Principal, reason: str) -> tuple[HandoverBatch, bytes]:
    """Return the file of what is to be reported, and its batch. Who may is the caller's to check.

    Each document number that is written is a line of the audit trail with the reason (rel-P5).

    :raise ReasonMissing: a reason of fewer than two characters; :raise NothingToReport: nothing
    """
    reason, columns, found = reason_given(reason), columns_in_force(), to_report()
    if not found:
        raise NothingToReport(field="reason")
    batch = HandoverBatch(
        columns=[list(one) for one in columns], rows=0, reason=reason, sha256="", made_by=by.account_id
    )
    db.session.add(batch)
    db.session.flush()
    lines = {one.certificate.id: line for one, line in zip(found, _lines(found), strict=True)}
    claimed = _claim(batch, found, lines)
    if not claimed:
        raise NothingToReport(field="reason")
    batch.rows = len(claimed)
    content = _file(batch, [lines[one.certificate.id] for one in claimed])
    batch.sha256 = hashlib.sha256(content).hexdigest()
    audit.record("handover.exported", batch, rows=batch.rows, reason=reason)
    _tell_documents(batch, [one.certificate for one in claimed], reason)
    db.session.flush()
    return batch, content


def _claim(batch: HandoverBatch, found: Sequence[Seen], lines: dict[int, dict[str, str]]) -> list[Seen]:
    """Take what no other file waits for an answer about; a file that is being made now is waited for."""
    rows = [
        {
            "batch_id": batch.id, "certificate_id": one.certificate.id, "version": one.version.version,
            "reported": reported_as(one), "verdict": "sent", "note": "",
            "digests": {name: digest(lines[one.certificate.id][name]) for name, _ in batch.columns},
        }
        for one in found
    ]  # fmt: skip
    put = insert_into(HandoverRow).values(rows).on_conflict_do_nothing().returning(HandoverRow.certificate_id)
    mine = set(db.session.scalars(put))
    return [one for one in found if one.certificate.id in mine]


def export_again(batch: HandoverBatch, reason: str) -> bytes:
    """Return an earlier file once more, cell for cell; nothing is reported anew. Who may is the caller's to check.

    :raise ReasonMissing: a reason of fewer than two characters
    :raise BatchChanged: a cell would not be what was sent, as of a holder whose data was erased since
    """
    reason = reason_given(reason)
    sent = {
        row.certificate_id: row
        for row in db.session.scalars(select(HandoverRow).where(HandoverRow.batch_id == batch.id))
    }
    kinds = {one.certificate.id: one.kind for one in newest_of_all(sorted(sent))}
    as_sent = and_(
        CertificateVersion.certificate_id == Certificate.id, CertificateVersion.version == HandoverRow.version
    )
    pairs = select(Certificate, CertificateVersion).join(HandoverRow, HandoverRow.certificate_id == Certificate.id)
    pairs = pairs.join(CertificateVersion, as_sent)
    found = db.session.execute(pairs.where(HandoverRow.batch_id == batch.id).order_by(Certificate.id)).all()
    lines = _lines_of([(one, version.name, kinds[one.id], sent[one.id].reported) for one, version in found])
    for (one, _), line in zip(found, lines, strict=True):
        if any(digest(line[name]) != kept for name, kept in sent[one.id].digests.items()):
            raise BatchChanged(field="reason")
    audit.record("handover.exported_again", batch, rows=batch.rows, reason=reason)
    _tell_documents(batch, [one for one, _ in found], reason)
    return _file(batch, lines)


def _file(batch: HandoverBatch, lines: Sequence[dict[str, str]]) -> bytes:
    names, headings = [one[0] for one in batch.columns], [one[1] for one in batch.columns]
    made = clock.local(batch.made_at)
    above = f"证书上报　批次 {batch.id}　共 {batch.rows} 张　{made:%Y-%m-%d %H:%M}"
    rows = [[line[name] for name in names] + ["", ""] for line in lines]
    return spreadsheet.write("上报", [*headings, "结果", "退回原因"], rows, above=above, made=made)


def _tell_documents(batch: HandoverBatch, certificates: Sequence[Certificate], reason: str) -> None:
    if "doc_number" in {one[0] for one in batch.columns}:
        audit.record_each(
            Deed("certificate.document_reported", one, one.owner_unit_id, {"reason": reason}) for one in certificates
        )


def digest(text: str) -> str:
    """Return the keyed hash that stands for a cell: the same text, whatever its blanks, gives the same."""
    return privacy.blind_index("handover", "".join(text.split())).hex()[:24]


def _lines(found: Sequence[Seen]) -> list[dict[str, str]]:
    return _lines_of([(one.certificate, one.name, one.kind, reported_as(one)) for one in found])


def _lines_of(found: Sequence[tuple[Certificate, str, str, str]]) -> list[dict[str, str]]:
    """Each a certificate, the name printed on the version that is reported, its kind's name, and as what."""
    people = _documents({one.person_id for one, *_ in found})
    units = {one.id: one.name for one in db.session.scalars(select(Unit))}
    return [
        {
            "number": one.number, "name": name, "kind": kind, "doc_type": people.get(one.person_id, ("", ""))[0],
            "doc_number": people.get(one.person_id, ("", ""))[1], "issued_on": one.issued_on.isoformat(),
            "valid_until": one.valid_until.isoformat() if one.valid_until else "长期",
            "unit": units[one.owner_unit_id], "state": REPORTED[reported],
        }
        for one, name, kind, reported in found
    ]  # fmt: skip


def forget_handed(person_id: int) -> int:
    """Drop what stands for name and document in the rows of an erased person; return in how many.

    The caller holds the person's row. An answer is still compared: its name with the printed one, the rest as before.
    """
    rows = db.session.scalars(
        select(HandoverRow)
        .join(Certificate, Certificate.id == HandoverRow.certificate_id)
        .where(Certificate.person_id == person_id)
        .order_by(HandoverRow.id)
    ).all()
    due = [row for row in rows if not PERSONAL.isdisjoint(row.digests)]
    for row in due:
        row.digests = {name: kept for name, kept in row.digests.items() if name not in PERSONAL}
    db.session.flush()
    return len(due)


def _documents(person_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    mine = select(Person).where(Person.id.in_(person_ids), Person.erased_at.is_(None))
    # Erasing takes the row too: what it then forgets is already written here, or is not written at all.
    people = db.session.scalars(mine.order_by(Person.id).with_for_update(read=True))
    return {
        one.id: (DocType(one.doc_type).label, privacy.unseal(one.doc_sealed, place=Person.PLACE, row=one.uid))
        for one in people
    }


def batches(limit: int = 100) -> list[tuple[HandoverBatch, dict[str, int]]]:
    """Return the files with {verdict: rows}, the newest first."""
    found = db.session.scalars(select(HandoverBatch).order_by(HandoverBatch.id.desc()).limit(limit)).all()
    counted = select(HandoverRow.batch_id, HandoverRow.verdict, func.count()).group_by(
        HandoverRow.batch_id, HandoverRow.verdict
    )
    figures: dict[int, dict[str, int]] = {}
    for batch_id, verdict, count in db.session.execute(counted):
        figures.setdefault(batch_id, {})[verdict] = count
    return [(one, figures.get(one.id, {})) for one in found]


def rows_of(batch_id: int) -> list[tuple[HandoverRow, str, str]]:
    """Return a file's rows with number and printed name, those that need somebody first."""
    query = (
        select(HandoverRow, Certificate.number, CertificateVersion.name)
        .join(Certificate, Certificate.id == HandoverRow.certificate_id)
        .join(
            CertificateVersion,
            and_(
                CertificateVersion.certificate_id == Certificate.id, CertificateVersion.version == HandoverRow.version
            ),
        )
        .where(HandoverRow.batch_id == batch_id)
        .order_by(HandoverRow.verdict.not_in(("differs", "rejected")), HandoverRow.id)
    )
    return [(row, number, name) for row, number, name in db.session.execute(query)]
