"""feat-N35: what is not reported yet goes into a file; the reply is reconciled; changes are reported again."""

import hashlib
import io
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates import handover, handover_reply, states
from chengjiu_mp.certificates.desk_forgetting import forget_desk_of
from chengjiu_mp.certificates.errors import BatchChanged, ColumnsRefused, NothingToReport, ReasonMissing, ReplyRefused
from chengjiu_mp.certificates.handover_models import HandoverBatch, HandoverRow
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import newest_of_all
from chengjiu_mp.core import privacy, spreadsheet
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.reports.erasure import erase
from chengjiu_mp.reports.reach import Holder, held_by_name
from chengjiu_mp.units.models import Unit
from tests import factories, issued
from tests.ledgers import office
from tests.sheets import book

PAGE = "/console/certificates/handover/"


def export(reason: str = "向省平台上报") -> tuple[HandoverBatch, list[list[str]]]:
    by = office()
    with unit_of_work():
        batch, content = handover.export(by, reason)
        assert batch.sha256 == hashlib.sha256(content).hexdigest()
    return batch, spreadsheet.read(content).rows


def answer(batch: HandoverBatch, rows: list[list[str]], *, partial: bool = False) -> handover_reply.Reply:
    with unit_of_work():
        of = db.session.get_one(HandoverBatch, batch.id)
        reply = handover_reply.read_reply(of, Sheet(rows))
        handover_reply.take_reply(of, reply, partial=partial)
    return reply


def verdicts() -> dict[str, str]:
    db.session.rollback()
    found = select(Certificate.number, HandoverRow.verdict).join(
        HandoverRow, HandoverRow.certificate_id == Certificate.id
    )
    return {row.number: row.verdict for row in db.session.execute(found.order_by(HandoverRow.id))}


def open_numbers() -> list[str]:
    db.session.rollback()
    return [one.certificate.number for one in handover.to_report()]


def test_two_edited_rows_of_a_reply_are_named(app: Flask) -> None:
    issued.issue("张三", "李四", "王五", "赵六")
    batch, rows = export()
    assert open_numbers() == [] and set(verdicts().values()) == {"sent"}
    assert rows[1][-2:] == ["结果", "退回原因"] and len(rows) == 6
    rows[2][1] = "张山"
    rows[3][5] = "2026-11-24"
    rows[4][-2:] = ["退回", "照片不清楚"]
    rows[5][-2] = "通过"
    reply = answer(batch, rows)
    assert [(one.row, one.verdict, one.note) for one in reply.answers] == [
        (3, "differs", "姓名和上报的不一致"), (4, "differs", "发证日期和上报的不一致"), (5, "rejected", "照片不清楚"),
        (6, "accepted", ""),
    ]  # fmt: skip
    assert list(verdicts().values()) == ["differs", "differs", "rejected", "accepted"]
    assert open_numbers() == ["JYA202600001", "JYA202600002", "JYA202600003"]


def test_two_files_made_at_once_share_nothing(app: Flask) -> None:
    one = issued.issue("张三")[0].id
    by, seen = office(), []

    def other() -> None:
        with app.app_context():
            try:
                with unit_of_work():
                    seen.append(handover.export(by, "向省平台上报")[0].rows)
            except NothingToReport:
                seen.append(0)
            db.session.remove()

    thread = threading.Thread(target=other)
    with unit_of_work():
        assert handover.export(by, "向省平台上报")[0].rows == 1
        thread.start()
        # The other one has to wait for this transaction; one that need not is through by then.
        thread.join(2)
    thread.join()
    assert seen == [0]
    assert db.session.scalars(select(HandoverRow.certificate_id)).all() == [one]


def test_what_another_file_has_is_left_out(app: Flask) -> None:
    first, second = (one.id for one in issued.issue("张三", "李四"))
    export()
    by = office()
    with unit_of_work():
        taken = db.session.scalars(select(HandoverRow).where(HandoverRow.certificate_id == second)).one()
        db.session.delete(taken)
    found = newest_of_all([first, second])
    with unit_of_work():
        later = HandoverBatch(columns=[["number", "编号"]], rows=0, reason="", sha256="", made_by=by.account_id)
        db.session.add(later)
        db.session.flush()
        lines = {one.certificate.id: {"number": one.certificate.number} for one in found}
        assert [one.certificate.id for one in handover._claim(later, found, lines)] == [second]


def test_an_earlier_file_is_made_again_as_it_was(app: Flask, frozen) -> None:
    one, _ = issued.issue("张三", "李四")
    batch, _ = export()
    frozen.now += timedelta(days=3)
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), "张三丰", "录错")
    of = db.session.get_one(HandoverBatch, batch.id)
    with unit_of_work():
        content = handover.export_again(of, "原文件丢失")
    assert hashlib.sha256(content).hexdigest() == of.sha256
    assert len(db.session.scalars(select(HandoverRow.id)).all()) == 2
    told = select(AuditEntry.id).where(AuditEntry.action == "certificate.document_reported")
    assert len(db.session.scalars(told).all()) == 4
    with unit_of_work():
        unit_row = db.session.scalars(select(Unit).where(Unit.id == one.owner_unit_id)).one()
        unit_row.name = "改了名的单位"
    with pytest.raises(BatchChanged), unit_of_work():
        handover.export_again(db.session.get_one(HandoverBatch, batch.id), "原文件丢失")


def test_the_same_reply_again_changes_nothing(app: Flask) -> None:
    issued.issue("张三")
    batch, rows = export()
    answer(batch, rows)
    told = select(AuditEntry.id).where(AuditEntry.action == "handover.answered")
    before = len(db.session.scalars(told).all())
    answer(batch, rows)
    assert len(db.session.scalars(told).all()) == before == 1 and list(verdicts().values()) == ["accepted"]


def test_what_changed_after_it_was_taken_is_reported_again(app: Flask) -> None:
    one, two, _ = issued.issue("张三", "李四", "王五")
    batch, rows = export()
    answer(batch, rows)
    assert open_numbers() == []
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), "张三丰", "录错")
        states.revoke(db.session.get_one(Certificate, two.id), "替考")
    assert open_numbers() == [one.number, two.number]
    batch, rows = export()
    assert [(line[1], line[-3]) for line in rows[2:]] == [("张三丰", "更正"), ("李四", "吊销")]
    answer(batch, rows)
    assert open_numbers() == []


def test_neither_a_test_nor_what_was_revoked_before(app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        confirm(run.id, by, mode="test")
    one = issued.issue("李四")[0]
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "替考")
    assert open_numbers() == []
    with pytest.raises(NothingToReport):
        export()


def test_rows_that_fit_nothing_are_refused_and_the_rest_may_go_on(app: Flask) -> None:
    issued.issue("张三", "李四")
    batch, rows = export()
    strange = [[*rows[2]], rows[2], [*rows[3]]]
    strange[0][0] = "JYA202600099"
    with pytest.raises(ReplyRefused):
        answer(batch, [*rows[:2], *strange])
    assert set(verdicts().values()) == {"sent"}
    reply = answer(batch, [*rows[:3], rows[2], strange[0]], partial=True)
    assert sorted(reply.faults) == [4, 5] and reply.missing == 1
    assert list(verdicts().values()) == ["accepted", "sent"]


def test_the_columns_are_data(app: Flask) -> None:
    issued.issue("张三")
    by = office()
    with unit_of_work():
        handover.set_columns({"number": "编号", "name": "学员姓名", "state": "证书状态"}, by)
    _, rows = export()
    assert rows[1] == ["编号", "学员姓名", "证书状态", "结果", "退回原因"] and rows[2][:3] == [
        "JYA202600001",
        "张三",
        "正常",
    ]
    assert (
        db.session.scalars(select(AuditEntry).where(AuditEntry.action == "certificate.document_reported")).all() == []
    )
    for wrong in ({"number": "编号", "name": "姓名"}, {"number": "一", "name": "一", "state": "二"}):
        with pytest.raises(ColumnsRefused), unit_of_work():
            handover.set_columns(wrong, by)


def test_a_document_number_leaves_its_trace_and_is_not_kept(app: Flask) -> None:
    issued.issue("张三")
    _, rows = export()
    assert len(rows[2][3]) == 18
    told = select(AuditEntry.facts).where(AuditEntry.action == "certificate.document_reported")
    assert db.session.scalars(told).all() == [{"reason": "向省平台上报"}]
    assert rows[2][3] not in str(db.session.scalars(select(HandoverRow.digests)).all())
    with pytest.raises(ReasonMissing):
        export(" ")


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def test_what_stands_for_an_erased_person_goes_and_answers_are_still_compared(app: Flask) -> None:
    gone, other = issued.issue("张三", "李四")
    phone, person_id, other_id = issued.phone_of(gone), gone.person_id, other.person_id
    batch, rows = export()
    with unit_of_work():
        found = held_by_name(Holder(privacy.phone_index(phone), "张三"), Principal())
        assert [one.person.id for one in found if one.whole] == [person_id]
        erase(lambda: found, Principal())
    kept = {one.person_id: set(row.digests) for row, one in _kept()}
    assert kept == {person_id: set(handover.FIELDS) - handover.PERSONAL, other_id: set(handover.FIELDS)}
    rows[2][3], rows[3][3] = "320281199001010000", "320281199001010001"
    reply = answer(batch, rows)
    assert [(one.verdict, one.note) for one in reply.answers] == [
        ("accepted", ""), ("differs", "证件号码和上报的不一致"),
    ]  # fmt: skip
    rows[2][1], rows[2][5] = "张山", "2026-11-24"
    assert answer(batch, rows).answers[0].note == "姓名、发证日期和上报的不一致"


def test_the_nights_purge_ends_it_too(app: Flask) -> None:
    (one,) = issued.issue("张三")
    export()
    with unit_of_work():
        forget_desk_of(one.person_id)
    ((row, _),) = _kept()
    assert handover.PERSONAL.isdisjoint(row.digests)


def _kept() -> list[tuple[HandoverRow, Certificate]]:
    db.session.rollback()
    both = select(HandoverRow, Certificate).join(Certificate, Certificate.id == HandoverRow.certificate_id)
    return [(row, one) for row, one in db.session.execute(both.order_by(HandoverRow.id))]


def test_the_pages_from_the_file_to_the_answer(client: FlaskClient) -> None:
    issued.issue("张三", "李四", "王五")
    headers = signed()
    assert "要上报的 3 张" in client.get(PAGE, headers=headers).text
    assert client.post(f"{PAGE}export", data={"reason": ""}, headers=headers).status_code == 422
    sent = client.post(f"{PAGE}export", data={"reason": "上报"}, headers=headers)
    rows = spreadsheet.read(sent.data).rows
    (batch,) = db.session.scalars(select(HandoverBatch.id)).all()
    assert client.post(f"{PAGE}{batch}/again", data={"reason": ""}, headers=headers).status_code == 422
    assert client.post(f"{PAGE}{batch}/again", data={"reason": "没有保存好"}, headers=headers).data == sent.data
    rows[2][1], rows[3][4] = "张山", "游泳"
    form = {"file": (io.BytesIO(book(rows)), "回执.xlsx")}
    looked = client.post(f"{PAGE}{batch}/preview", data=form, headers=headers, content_type="multipart/form-data")
    assert looked.status_code == 200 and looked.text.count("和上报的不一致") == 2
    sealed = dict(re.findall(r'name="(sheet|partial)" value="([^"]*)"', looked.text))
    assert client.post(f"{PAGE}{batch}/reply", data=sealed, headers=headers).status_code == 303
    page = client.get(f"{PAGE}{batch}", headers=headers).text
    assert page.count(">不一致<") == 2 and page.count("已接收") == 1
    assert "要上报的 2 张" in client.get(PAGE, headers=headers).text
    names = {"number": "编号", "name": "姓名", "state": "状态", "unit": "单位"}
    assert client.post(f"{PAGE}columns", data=names, headers=headers).status_code == 303
    assert client.post(f"{PAGE}columns", data={**names, "unit": "编号"}, headers=headers).status_code == 422
    assert client.get(f"{PAGE}99", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("role", "unit", "grant", "seen", "sent"),
    [
        ("unit_manager", None, {}, 403, 403), ("auditor", None, {}, 200, 403), ("operator", "nanzha", {}, 403, 403),
        ("operator", None, {"read_only": True}, 200, 403), ("approver", None, {}, 200, 409),
    ],
)  # fmt: skip
def test_who_sees_and_who_reports(
    client: FlaskClient, role: str, unit: str | None, grant: dict[str, Any], seen: int, sent: int
) -> None:
    headers = signed(role, unit, **grant)
    assert [client.get(f"{PAGE}{path}", headers=headers).status_code for path in ("", "columns")] == [seen] * 2
    assert client.post(f"{PAGE}export", data={"reason": "上报"}, headers=headers).status_code == sent
