"""What the platform answered: the file comes back with a result; what differs from what was sent is named."""

from dataclasses import dataclass, field

from sqlalchemy import and_, select

from chengjiu_mp.certificates.errors import ReplyRefused
from chengjiu_mp.certificates.handover import digest
from chengjiu_mp.certificates.handover_models import HandoverBatch, HandoverRow
from chengjiu_mp.certificates.importing import pointed
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.verifying import tidy_number
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.sheet_rows import BLANK, Layout, Row
from chengjiu_mp.core.spreadsheet import Sheet

ACCEPTED, REJECTED = ("通过", "接收", "成功", "已接收"), ("退回", "不通过", "失败", "未通过")
RESULT, WHY = "结果", "退回原因"


@dataclass
class Answer:
    """What one row says of a certificate; ``verdict`` accepted, rejected or differs, ``note`` why."""

    row: int
    of: HandoverRow = field(repr=False)
    number: str
    verdict: str
    note: str


@dataclass
class Reply:
    """A reply read against its batch; ``faults`` is {row number in Excel: reasons}, 0 for the sheet."""

    answers: list[Answer] = field(default_factory=list)
    faults: dict[int, list[str]] = field(default_factory=dict)
    missing: int = 0

    def count(self, verdict: str) -> int:
        """Return how many rows say this."""
        return sum(one.verdict == verdict for one in self.answers)


def read_reply(batch: HandoverBatch, sheet: Sheet) -> Reply:
    """Return what a reply says; nothing is written.

    Any cell that is not what was sent makes its row differ, whatever the result says.
    """
    headings = dict(batch.columns) | {"result": RESULT, "why": WHY}
    layout = Layout(headings, tuple(n for n, _ in batch.columns), ("number", "result"), 2000, "回执", "行")
    rows, faults = layout.read(sheet, _read_row)
    made = Reply(faults={0: faults} if faults else {})
    mine = (
        select(Certificate.number, HandoverRow, CertificateVersion.name)
        .join(Certificate, Certificate.id == HandoverRow.certificate_id)
        .join(
            CertificateVersion,
            and_(
                CertificateVersion.certificate_id == Certificate.id, CertificateVersion.version == HandoverRow.version
            ),
        )
        .where(HandoverRow.batch_id == batch.id)
    )
    sent = {one.number: (one.HandoverRow, one.name) for one in db.session.execute(mine)}
    seen: dict[str, int] = {}
    for row in rows:
        number = tidy_number(row.values["number"])
        (of, name), first = sent.get(number, (None, "")), seen.setdefault(number, row.number)
        if of is None:
            made.faults[row.number] = ["这一批里没有报过这个编号。"]
        elif first != row.number:
            made.faults[row.number] = [f"和第 {first} 行重复，请删去一行。"]
        else:
            verdict, note = _verdict(row, of, name, headings)
            made.answers.append(Answer(row.number, of, number, verdict, note))
    made.missing = len(sent) - len(made.answers)
    return made


def _read_row(sheet: Sheet, r: int, columns: dict[str, int]) -> Row:
    return Row(r + 1, {name: sheet.cell(r, at).strip() for name, at in columns.items()})


def _verdict(row: Row, of: HandoverRow, printed: str, headings: dict[str, str]) -> tuple[str, str]:
    # Of an erased person nothing but the printed name is left to compare with.
    sent = of.digests if "name" in of.digests else {"name": digest(printed), **of.digests}
    said = {name: tidy_number(row.values[name]) if name == "number" else row.values[name] for name in sent}
    other = [headings[name] for name, kept in sent.items() if digest(said[name]) != kept]
    result, why = BLANK.sub("", row.values.get("result", "")), row.values.get("why", "")
    if other:
        return "differs", f"{'、'.join(other)}和上报的不一致"
    if result in REJECTED:
        return "rejected", why[:200] or "没有写原因"
    if result and result not in ACCEPTED:
        return "differs", f"结果“{result[:20]}”看不懂"
    return "accepted", ""


def take_reply(batch: HandoverBatch, reply: Reply, *, partial: bool = False) -> int:
    """Record what a reply says; return how many rows changed. The same reply again changes none.

    :raise ReplyRefused: rows that fit nothing, and the others alone were not asked for
    """
    if reply.faults and not (partial and reply.answers):
        raise ReplyRefused(list(pointed(reply.faults)))
    changed = 0
    for one in reply.answers:
        if (one.of.verdict, one.of.note) != (one.verdict, one.note):
            one.of.verdict, one.of.note, one.of.answered_at = one.verdict, one.note, clock.now()
            changed += 1
    db.session.flush()
    if changed:
        audit.record("handover.answered", batch, rows=changed)
    return changed
