"""Old ledgers come in once, stand apart from what we issue, and read like ours."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.certificates import earlier, earlier_changes, importing, years
from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.certificates.earlier_sheet import MOST
from chengjiu_mp.certificates.errors import (
    BatchWithdrawn,
    LedgerJustChanged,
    LedgerRefused,
    NotStanding,
    ReasonMissing,
    YearDeclared,
)
from chengjiu_mp.core import clock, privacy, spreadsheet
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.queries import person_by_document
from chengjiu_mp.people.service import prove_name, prove_phone
from chengjiu_mp.reports import erasure, progress, reach, retention
from tests import factories, invariants, issued
from tests.certificates.test_lookup import codes_sent, look_up
from tests.ledgers import HEADER, line, load, look, office, registered

NUMBER = "JYHS-2023-0007"
DOCUMENT = "11010519491231002X"


def holder(document: str = DOCUMENT) -> Person:
    found = person_by_document(privacy.document_index("resident_id", document))
    assert found is not None
    return found


def entries() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


# The import


def test_a_ledger_is_registered_with_its_source_and_its_batch(app: Flask) -> None:
    by = office()
    batch = load(line(), line(number="JYHS-2023-0008", name="孙伟", doc_number=DOCUMENT), by=by)
    one, two = registered()[NUMBER], registered()["JYHS-2023-0008"]
    assert (one.name, one.state, one.issued_on, one.valid_until) == (
        "钱玉芬",
        "issued",
        date(2023, 5, 6),
        date(2026, 12, 31),
    )
    assert (one.source, one.person_id, one.batch_id) == ("2023 年纸质台账", None, batch.id)
    assert two.person_id == holder().id
    assert (batch.added, batch.completed, batch.made_by) == (2, 0, by.account_id)
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "earlier_certificates.imported")).one()
    assert (told.object_id, told.facts) == (batch.id, {"added": 2, "completed": 0})


def test_a_dry_run_writes_nothing(app: Flask) -> None:
    by, before = office(), entries()
    made = look(line(doc_number=DOCUMENT), by=by)
    assert (made.count("add"), made.faults, registered(), entries()) == (1, {}, {}, before)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 0


def test_the_same_file_again_makes_nothing_new(app: Flask) -> None:
    rows, by = [line(), line(number="JYHS-2023-0008", doc_number=DOCUMENT)], office()
    load(*rows, by=by)
    before = entries()
    assert look(*rows, by=by).count("same") == 2
    assert load(*rows, by=by) is None
    assert (len(registered()), entries()) == (2, before)
    assert db.session.scalar(select(func.count()).select_from(EarlierBatch)) == 1


def test_a_later_file_completes_what_had_no_document(app: Flask) -> None:
    by = office()
    load(line(), by=by)
    assert look(line(), by=by).entries[0].notes == []
    (entry,) = look(line(doc_number=DOCUMENT), by=by).entries
    assert entry.action == "complete"
    batch = load(line(doc_number=DOCUMENT), by=by)
    assert (batch.added, batch.completed, registered()[NUMBER].person_id) == (0, 1, holder().id)
    assert load(line(doc_number=DOCUMENT), by=by) is None


def test_without_a_document_it_says_how_it_is_found(app: Flask) -> None:
    (entry,) = look(line()).entries
    assert entry.notes == ["没有证件号码，只能按编号和姓名查验"]


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "check digit": ({"doc_number": "110105194912310021"}, "证件号码："),
    "masked document": ({"doc_number": "110105********002X"}, "证件号码："),
    "another type": ({"doc_number": DOCUMENT, "doc_type": "护照"}, "证件类型：没有这种证件"),
    "private character": ({"name": "钱\ue000芬"}, "姓名："),
    "no name": ({"name": ""}, "姓名：没有填"),
    "no number": ({"number": ""}, "证书编号：没有填"),
    "number without a digit": ({"number": "救护员证"}, "证书编号：不像"),
    "number too short": ({"number": "12"}, "证书编号：不像"),
    "unknown kind": ({"kind": "游泳"}, "证书类别：没有这个类别"),
    "kind without certificates": ({"kind": "普及培训"}, "证书类别：没有这个类别"),
    "unknown unit": ({"unit": "火星街道"}, "单位：没有这个单位"),
    "issued tomorrow": ({"issued_on": "2026-11-24"}, "发证日期：晚于今天"),
    "ends before it begins": ({"valid_until": "2023-05-05"}, "有效期至：早于发证日期"),
    "no end": ({"valid_until": ""}, "有效期至：没有填。长期有效的请写“长期”"),
    "no day": ({"issued_on": "去年"}, "发证日期：请写成"),
    "29 February": ({"issued_on": "2023-02-29"}, "发证日期：请写成"),
    "no source": ({"source": ""}, "来源：没有填"),
    "phone in the source": ({"source": "台账 13900138001"}, "来源：会公开显示"),
    "state": ({"state": "作废"}, "状态：请填"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_row_says_what_to_do(app: Flask, case: str) -> None:
    changes, reason = FAULTS[case]
    by = office()
    made = look(line(**changes), line(number="JYHS-2023-0009"), by=by)
    assert list(made.faults) == [2] and len(made.entries) == 1
    assert reason in " ".join(made.faults[2])
    with pytest.raises(LedgerRefused) as refused:
        load(line(**changes), line(number="JYHS-2023-0009"), by=by)
    assert refused.value.errors[0]["pointer"] == "/rows/2" and refused.value.errors[0]["detail"].startswith("第 2 行：")
    assert registered() == {}


def test_the_good_rows_alone_on_request(app: Flask) -> None:
    batch = load(line(kind="游泳"), line(number="JYHS-2023-0009"), partial=True)
    assert (batch.added, list(registered())) == (1, ["JYHS-2023-0009"])


def test_digits_that_the_spreadsheet_lost_are_no_document(app: Flask) -> None:
    at = HEADER.index("证件号码")
    sheet = Sheet([HEADER, line(doc_number="320281198506150000")], lossy=frozenset({(1, at)}))
    made = importing.preview(sheet, office())
    assert "后几位已经丢了" in made.faults[2][0]


def test_a_number_stands_once_in_a_file(app: Flask) -> None:
    made = look(line(), line(number=" jyhs-2023-0007 "))
    assert made.faults == {3: ["证书编号：和第 2 行重复，请删去一行。"]}


@pytest.mark.parametrize(("column", "value", "words"), [
    ("name", "钱玉芳", "姓名"), ("issued_on", "2023-05-07", "发证日期"), ("kind", "CPR+AED", "证书类别"),
    ("valid_until", "长期", "有效期至"),
])  # fmt: skip
def test_a_number_that_is_there_with_something_else_is_no_silent_change(
    app: Flask, column: str, value: str, words: str
) -> None:
    by = office()
    load(line(), by=by)
    assert look(line(**{column: value}), by=by).faults == {
        2: [f"证书编号：已登记过，{words}和登记的不一样。请照证书核对。"]
    }


def test_a_unit_registers_its_own_people_alone(app: Flask) -> None:
    by = office("operator", "nanzha")
    assert "不在您的管理范围内" in look(line(), by=by).faults[2][0]
    assert load(line(unit="南闸街道"), by=by).added == 1
    assert "不在您的管理范围内" in look(line(unit="南闸街道"), by=office("approver", "yunting")).faults[2][0]


@pytest.mark.parametrize("number", ["JYJ202600001", "JYJ202600009", "JYJ202700001", "TEST-JYA202600001"])
def test_a_number_of_our_series_is_not_taken_by_a_paper(app: Flask, number: str) -> None:
    issued.issue("张三", kind="responder")
    assert "证书编号" in look(line(number=number, issued_on="2026-05-06")).faults[2][0]


def test_a_series_that_was_never_ours_is_free(app: Flask) -> None:
    assert load(line(number="JYJ202300001")).added == 1


def test_what_we_issue_and_what_was_registered_never_share_a_number(app: Flask) -> None:
    load(line(number="JYJ202500001"))
    (one,) = issued.issue("张三", kind="responder")
    assert one.number == "JYJ202600001"
    assert not [name for name in invariants.broken() if "earlier" in name]


def test_two_imports_at_once_are_judged_by_the_number(app: Flask) -> None:
    by = office()
    made = look(line(), by=by)
    load(line(), by=by)
    with pytest.raises(LedgerJustChanged), unit_of_work():
        importing.register(made.news, by)
    assert len(registered()) == 1


def test_too_many_rows_are_told(app: Flask) -> None:
    made = look(*[line(number=f"JYHS-{n:05d}") for n in range(MOST + 1)])
    assert f"一次最多导入 {MOST} 张" in made.faults[0][0]


def test_the_template_comes_back_as_it_was_sent(app: Flask) -> None:
    sheet = spreadsheet.read(importing.ledger_template(office()))
    assert sheet.rows[1][: len(HEADER)] == HEADER
    assert importing.preview(sheet, office()).faults == {0: ["表头下面还没有填证书，请填好再上传。"]}


def test_who_had_the_number_erased_is_not_given_it_back(app: Flask) -> None:
    by = office()
    load(line(doc_number=DOCUMENT), by=by)
    with unit_of_work():
        held = reach.Held(holder(), (), whole=True)
        erasure.erase(lambda: [held], Principal())
    load(line(number="JYHS-2023-0008", doc_number=DOCUMENT), by=by)
    person = holder()
    assert registered()["JYHS-2023-0008"].person_id == person.id
    assert person.erased_at is not None and privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid) == ""


# What it is worth


def verified(client: Any, number: str = NUMBER, name: str = "钱玉芬") -> Any:
    return client.post("/api/v1/verify", json={"number": number, "name": name})


def test_number_and_name_verify_an_earlier_one(client: Any, app: Flask) -> None:
    load(line())
    assert verified(client, "jyhs-2023 -0007").json == {"match": True, "certificate": {
        "state": "valid", "state_words": "有效", "type": "救护员", "number": NUMBER, "name_masked": "钱**",
        "issued_on": "2023-05-06", "valid_until": "2026-12-31", "revoked_on": None, "test": False,
        "source": "2023 年纸质台账", "newer_path": None,
    }}  # fmt: skip
    assert verified(client, name="钱玉芳").json == {"match": False, "certificate": None}


def test_the_five_words(client: Any, app: Flask, frozen: Any) -> None:
    load(line(), line(number="JYHS-2023-0008", state="已更正"), line(number="JYHS-2023-0009", state="已吊销"))

    def said(number: str) -> str:
        return verified(client, number).json["certificate"]["state_words"]

    assert [said(f"JYHS-2023-000{n}") for n in (7, 8, 9)] == ["有效", "已更正", "已吊销"]
    frozen.now = frozen.now.replace(year=2027, month=1, day=1, hour=1)
    assert said(NUMBER) == "已过期"
    with unit_of_work():
        earlier_changes.revoke_earlier(db.session.get_one(EarlierCertificate, 1), "台账有误")
    assert said(NUMBER) == "已吊销"
    assert verified(client, "JYHS-2023-0001").json["code"] == "year_incomplete"


def test_it_is_good_through_its_last_day(app: Flask) -> None:
    load(line())
    one = registered()[NUMBER]
    assert earlier.state_of_earlier(one, date(2026, 12, 31)) == "valid"
    assert earlier.state_of_earlier(one, date(2027, 1, 1)) == "expired"


def test_a_pasted_list_says_that_it_is_of_a_ledger(client: Any, app: Flask) -> None:
    load(line(), line(number="JYHS-2023-0009", state="已吊销"))
    lines = [{"number": n, "name": "钱玉芬"} for n in (NUMBER, "JYHS-2023-0009")]
    found = client.post("/api/v1/verify/batch", json={"lines": lines}).json["items"]
    assert [one["words"] for one in found] == ["有效，姓名一致（历史数据）", "已吊销，姓名一致（历史数据）"]
    assert client.post("/api/v1/verify/record", json={"record": found[0]["record"]}).json == {"ours": True}


def test_revoking_asks_why_and_happens_once(app: Flask) -> None:
    load(line())
    with pytest.raises(ReasonMissing), unit_of_work():
        earlier_changes.revoke_earlier(db.session.scalars(select(EarlierCertificate)).one(), " ")
    for refusal in (None, NotStanding):
        with unit_of_work():
            one = db.session.scalars(select(EarlierCertificate)).one()
            if refusal is None:
                earlier_changes.revoke_earlier(one, "替考")
                continue
            with pytest.raises(refusal):
                earlier_changes.revoke_earlier(one, "替考")
    assert registered()[NUMBER].revoked_on == clock.today()


# Whose it is


def proved(name: str = "钱玉芬") -> str:
    """The holder's phone, proved at a check-in with the name."""
    phone = factories.phone()
    with unit_of_work():
        prove_name(holder(), name, "test")
        prove_phone(holder(), phone, "test")
    return phone


def test_a_proved_phone_and_name_list_an_earlier_one_without_a_picture(client: Any, app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    found = look_up(client, proved(), "钱玉芬").json
    assert found["certificates"] == []
    assert found["earlier"] == [{
        "number": NUMBER, "kind": "救护员", "state": "valid", "state_words": "有效", "name": "钱玉芬",
        "issued_on": "2023-05-06", "valid_until": "2026-12-31", "source": "2023 年纸质台账",
    }]  # fmt: skip


def test_name_and_document_without_possession_open_nothing(client: Any, app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    phone = factories.phone()
    body = {"phone": phone, "name": "钱玉芬", "doc_type": "resident_id", "doc_number": DOCUMENT}
    assert client.post("/api/v1/certificates/lookup", json=body).status_code == 202
    assert codes_sent() == 0


def test_who_proved_another_name_sees_nothing_of_the_ledger(client: Any, app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    assert look_up(client, proved("孙伟"), "孙伟").json["earlier"] == []


def test_one_without_a_document_is_nobodys_list(client: Any, app: Flask) -> None:
    load(line(), line(number="JYHS-2023-0008", name="孙伟", doc_number=DOCUMENT))
    assert [one["number"] for one in look_up(client, proved("孙伟"), "孙伟").json["earlier"]] == ["JYHS-2023-0008"]


def test_it_counts_nowhere(app: Flask) -> None:
    load(line(doc_number=DOCUMENT, issued_on="2026-05-06", number="JYHS-2026-0007"))
    issued.issue("张三", kind="responder")
    plan = progress.progress(2026)
    assert (plan.totals.certified.done, plan.persons) == (1, 1)


# Whose data it is


def purge() -> None:
    with unit_of_work():
        retention._purge_people()


def test_a_person_lives_as_long_as_the_last_certificate_and_three_years(app: Flask, frozen: Any) -> None:
    load(line(doc_number=DOCUMENT))
    frozen.now += timedelta(days=2)
    purge()
    assert holder().forgotten_at is None
    frozen.now = frozen.now.replace(year=2030, month=2)
    purge()
    db.session.rollback()
    assert person_by_document(privacy.document_index("resident_id", DOCUMENT)) is None
    assert registered()[NUMBER].name == "钱玉芬"


def test_erasing_says_what_stays(app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    told = erasure.consequences([reach.Held(holder(), (), whole=True)])
    assert (told.certificates, told.index_until) == (1, date(2026, 12, 31) + timedelta(days=1095))


def test_a_device_that_signed_somebody_up_does_not_reach_an_earlier_one(app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    assert reach._certified_elsewhere(holder().id, set())
    assert not reach._certified_elsewhere(holder().id + 1, set())


def test_the_persons_own_copy_holds_it(app: Flask) -> None:
    load(line(doc_number=DOCUMENT))
    proved()
    (one,) = earlier.export_earlier(holder().id, whole=True)
    assert (one["number"], one["source"]) == (NUMBER, "2023 年纸质台账")
    assert earlier.export_earlier(holder().id, whole=False) == []


# In the office


def test_units_see_their_own(app: Flask) -> None:
    load(line(), line(number="JYHS-2023-0008", unit="南闸街道"))
    nanzha = office("unit_manager", "nanzha")
    ids = {number: one.id for number, one in registered().items()}
    assert earlier.earlier_for(nanzha, ids["JYHS-2023-0008"]).name == "钱玉芬"
    with pytest.raises(NotFound):
        earlier.earlier_for(nanzha, ids[NUMBER])


def test_an_import_is_taken_back_whole(app: Flask) -> None:
    by = office("approver")
    batch = load(line(), line(number="JYHS-2023-0008", doc_number=DOCUMENT), by=by)
    kept = load(line(number="JYHS-2023-0009"), by=by)
    with unit_of_work():
        assert earlier_changes.withdraw_batch(db.session.get_one(EarlierBatch, batch.id), "传错了", by) == 2
    assert list(registered()) == ["JYHS-2023-0009"]
    with pytest.raises(BatchWithdrawn), unit_of_work():
        earlier_changes.withdraw_batch(db.session.get_one(EarlierBatch, batch.id), "传错了", by)
    assert load(line(), by=by).added == 1
    assert kept.withdrawn_at is None


def test_a_declared_year_takes_and_gives_nothing(app: Flask) -> None:
    by = office("approver")
    batch = load(line(), by=by)
    with unit_of_work():
        years.declare(2023, by)
    assert "已声明全部录入" in look(line(number="JYHS-2023-0008"), by=by).faults[2][0]
    assert look(line(), by=by).count("same") == 1
    with pytest.raises(YearDeclared), unit_of_work():
        earlier_changes.withdraw_batch(db.session.get_one(EarlierBatch, batch.id), "传错了", by)
    assert list(registered()) == [NUMBER]
