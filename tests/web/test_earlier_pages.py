"""The console's pages of earlier certificates and of the ledger, and what the public and the holder see."""

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import prove_name, prove_phone
from chengjiu_mp.signin.models import RoleGrant
from tests import factories, issued, ledgers
from tests.ledgers import HEADER, line, registered
from tests.sheets import book
from tests.web.test_certificate_pages import code_to, post

LIST, IMPORT, LEDGER = (
    "/console/certificates/earlier/",
    "/console/certificates/earlier/import/",
    "/console/certificates/ledger/",
)
Headers = dict[str, str]


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> Headers:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def upload(client: FlaskClient, headers: Headers, *rows: list[str]) -> tuple[int, str]:
    form = {"file": (io.BytesIO(book([HEADER, *rows])), "台账.xlsx")}
    page = client.post(f"{IMPORT}preview", data=form, headers=headers, content_type="multipart/form-data")
    return page.status_code, page.get_data(as_text=True)


def confirming(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(sheet|partial)" value="([^"]*)"', page))


def words(client: FlaskClient, path: str, headers: Headers | None = None, status: int = 200) -> str:
    page = client.get(path, headers=headers)
    assert page.status_code == status
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.get_data(as_text=True)))


def verified(client: FlaskClient, number: str, name: str = "张三") -> str:
    return post(client, "/verify", number=number, name=name).text


def test_a_ledger_is_dry_run_then_confirmed_and_the_second_time_nothing_is_new(client: FlaskClient) -> None:
    headers = signed()
    rows = [line(doc_number="11010519491231002X"), line(number="JYHS-2023-0008")]
    status, page = upload(client, headers, *rows)
    assert status == 200 and registered() == {}
    assert "****002X" in page and "110105" not in re.sub(r'value="[^"]*"', "", page) and "确认导入 2 张" in page
    done = client.post(IMPORT, data=confirming(page), headers=headers)
    assert done.status_code == 303 and len(registered()) == 2
    assert "新增 2 张" in words(client, done.headers["Location"], headers)
    status, page = upload(client, headers, *rows)
    assert status == 200 and "系统里都有了" in page and 'name="sheet"' not in page


def test_the_good_rows_are_imported_on_request_alone(client: FlaskClient) -> None:
    headers = signed("approver")
    status, page = upload(client, headers, line(kind="游泳"), line(number="JYHS-2023-0008"))
    assert status == 422 and "第 2 行" in page and "只导入没有问题的 1 张" in page
    sealed = confirming(page)
    assert client.post(IMPORT, data={"sheet": sealed["sheet"]}, headers=headers).status_code == 422
    assert client.post(IMPORT, data=sealed, headers=headers).status_code == 303
    assert list(registered()) == ["JYHS-2023-0008"]


def test_digits_lost_by_the_spreadsheet_stay_lost_at_the_confirmation(client: FlaskClient) -> None:
    headers = signed()
    form = {
        "file": (
            io.BytesIO(book([HEADER, [*line()[:7], 320281198506150000, "", ""], line(number="A-2020-1")])),
            "a.xlsx",
        )
    }
    page = client.post(f"{IMPORT}preview", data=form, headers=headers, content_type="multipart/form-data")
    assert "后几位已经丢了" in page.text
    client.post(IMPORT, data=confirming(page.text), headers=headers)
    assert list(registered()) == ["A-2020-1"]


@pytest.mark.parametrize(
    ("role", "status"), [("unit_manager", 403), ("auditor", 403), ("operator", 200), ("approver", 200)]
)
def test_who_imports(client: FlaskClient, role: str, status: int) -> None:
    assert client.get(IMPORT, headers=signed(role)).status_code == status
    assert client.get(f"{IMPORT}template.xlsx", headers=signed(role)).status_code == status


def test_no_file_no_page_of_errors(client: FlaskClient) -> None:
    page = client.post(f"{IMPORT}preview", data={}, headers=signed(), content_type="multipart/form-data")
    assert page.status_code == 422 and "请先选择一个表格文件" in page.text


def test_the_list_is_searched_and_says_what_has_no_document(client: FlaskClient) -> None:
    ledgers.load(line(), line(number="JYHS-2023-0008", name="孙伟", doc_number="11010519491231002X"))
    headers = signed("auditor")
    shown = words(client, LIST, headers)
    assert "没有证件号码 1" in shown and "钱玉芬" in shown and "孙伟" in shown and "导入台账" not in shown
    assert "孙伟" not in words(client, f"{LIST}?only=bare", headers)
    for asked in ("孙伟", "jyhs-2023-0008"):
        found = words(client, f"{LIST}?q={asked}", headers)
        assert "孙伟" in found and "钱玉芬" not in found
    assert "没有找到" in words(client, f"{LIST}?q=没有这人", headers)


def test_a_unit_sees_its_own_alone(client: FlaskClient) -> None:
    ledgers.load(line(), line(number="JYHS-2023-0008", name="孙伟", unit="南闸街道"))
    ids = {one.number: one.id for one in registered().values()}
    headers = signed("unit_manager", "nanzha")
    shown = words(client, LIST, headers)
    assert "孙伟" in shown and "钱玉芬" not in shown
    words(client, f"{LIST}{ids['JYHS-2023-0007']}", headers, 404)
    assert "来源 2023 年纸质台账" in words(client, f"{LIST}{ids['JYHS-2023-0008']}", headers)


def test_two_people_revoke_one_with_a_reason(client: FlaskClient) -> None:
    ledgers.load(line())
    one = db.session.scalars(select(EarlierCertificate.id)).one()
    here = f"{LIST}{one}"
    with factories.made():
        both = factories.account("operator", name="周敏")
        db.session.add(RoleGrant(account_id=both.id, role="approver"))
        own = factories.headers_of(both)
    headers = signed("approver")

    def post(step: str, who: Headers, reason: str = "") -> int:
        return client.post(f"{here}/{step}", data={"reason": reason}, headers=who).status_code

    assert (post("revoke", headers), post("propose", signed("auditor"), "替考")) == (409, 403)
    assert (post("propose", own), post("propose", own, "替考"), post("propose", signed(), "替考")) == (422, 303, 409)
    assert post("propose", signed("operator", read_only=True), "替考") == 403
    assert (post("revoke", own), post("revoke", signed())) == (403, 403)
    assert "由您提出" in words(client, here, own) and "有效" in words(client, here, own)
    assert (post("decline", signed()), post("decline", own), post("decline", own)) == (404, 303, 409)
    assert (post("propose", own, "替考"), post("revoke", headers)) == (303, 303)
    assert "已吊销" in words(client, here, headers) and "替考" in words(client, here, headers)
    assert (post("revoke", headers), post("propose", own, "替考")) == (409, 409)
    db.session.rollback()
    row = db.session.get_one(EarlierCertificate, one)
    assert (row.proposed_by, row.revoke_reason) == (both.id, "替考") and row.revoked_by not in (None, both.id)
    with pytest.raises(IntegrityError, match="two_people"), unit_of_work() as session:
        session.execute(update(EarlierCertificate).values(revoked_by=both.id))


def test_an_approver_of_the_city_takes_an_import_back(client: FlaskClient) -> None:
    ledgers.load(line())
    batch = db.session.scalars(select(EarlierBatch.id)).one()
    path = f"{LIST}batches/{batch}/withdraw"
    for role, unit in (("operator", None), ("approver", "nanzha")):
        assert client.post(path, data={"reason": "传错了"}, headers=signed(role, unit)).status_code == 403
    headers = signed("approver")
    assert client.post(path, data={"reason": ""}, headers=headers).status_code == 422
    assert client.post(path, data={"reason": "传错了"}, headers=headers).status_code == 303
    assert registered() == {}
    assert "传错了" in words(client, f"{LIST}batches/{batch}", headers)
    assert "已撤回" in words(client, f"{LIST}batches", headers)


def test_a_unit_sees_its_own_imports_alone(client: FlaskClient) -> None:
    ledgers.load(line())
    batch = db.session.scalars(select(EarlierBatch.id)).one()
    headers = signed("operator", "nanzha")
    words(client, f"{LIST}batches/{batch}", headers, 404)
    assert "还没有导入过" in words(client, f"{LIST}batches", headers)


def test_a_year_is_declared_with_a_tick_and_taken_back_with_a_reason(client: FlaskClient) -> None:
    headers = signed("approver")
    assert client.post(f"{LEDGER}2019/declare", data={}, headers=headers).status_code == 422
    assert client.post(f"{LEDGER}2019/declare", data={"checked": "1"}, headers=headers).status_code == 303
    shown = words(client, f"{LEDGER}2019", headers)
    assert "已声明全部录入" in shown and "2026年11月23日" in shown and "待核实" not in shown
    assert "查无此证" in verified(client, "JY-2019-0001")
    assert client.post(f"{LEDGER}2019/declare", data={"checked": "1"}, headers=headers).status_code == 409
    assert client.post(f"{LEDGER}2019/revoke", data={"reason": ""}, headers=headers).status_code == 422
    assert client.post(f"{LEDGER}2019/revoke", data={"reason": "漏录"}, headers=headers).status_code == 303
    shown = words(client, f"{LEDGER}2019", headers)
    assert "漏录" in shown and "还没有声明全部录入" in shown
    assert "尚未全部录入" in verified(client, "JY-2019-0002")


@pytest.mark.parametrize(("role", "unit"), [("operator", None), ("approver", "nanzha"), ("auditor", None)])
def test_approvers_of_the_city_alone_declare(client: FlaskClient, role: str, unit: str | None) -> None:
    headers = signed(role, unit)
    assert client.post(f"{LEDGER}2019/declare", data={"checked": "1"}, headers=headers).status_code == 403
    if unit is None:
        assert "我已核对" not in words(client, f"{LEDGER}2019", headers)


@pytest.mark.parametrize("year", [1979, 2027])
def test_a_year_ahead_or_long_past_has_no_page(client: FlaskClient, year: int) -> None:
    headers = signed("approver")
    words(client, f"{LEDGER}{year}", headers, 404)
    assert client.post(f"{LEDGER}{year}/declare", data={"checked": "1"}, headers=headers).status_code == 404


def test_the_ledger_lists_series_and_goes_to_any_year(client: FlaskClient) -> None:
    issued.issue("张三", "李四")
    ledgers.load(line())
    headers = signed("auditor")
    shown = words(client, LEDGER, headers)
    assert "JYA202600001" in shown and "JYA202600002" in shown and "没有缺号" in shown and "2023 年" in shown
    assert client.get(f"{LEDGER}?year=2015", headers=headers).headers["Location"] == f"{LEDGER}2015"
    assert "请填 1980 年到今年" in words(client, f"{LEDGER}?year=20x5", headers)


def test_the_public_reads_where_a_paper_was_registered(client: FlaskClient) -> None:
    ledgers.load(line())
    shown = verified(client, "JYHS-2023-0007", "钱玉芬")
    assert (
        "历史数据，来源：2023 年纸质台账" in shown
        and "有效" in shown
        and "姓名一致" in shown
        and "钱玉芬</dd>" not in shown
    )


def test_registered_papers_have_no_page_of_a_code(client: FlaskClient) -> None:
    ledgers.load(line())
    (one,) = db.session.scalars(select(EarlierCertificate.id)).all()
    assert client.get(f"/c/{one}").status_code in (303, 404)
    assert client.get(f"/api/v1/certificates/{one}").status_code == 404


def test_the_holder_sees_it_in_the_list_without_a_picture(client: FlaskClient) -> None:
    ledgers.load(line(doc_number="11010519491231002X"))
    phone = factories.phone()
    with unit_of_work():
        person = db.session.scalars(select(Person)).one()
        prove_name(person, "钱玉芬", "test")
        prove_phone(person, phone, "test")
    post(client, "/lookup", phone=phone, name="钱玉芬")
    post(client, "/lookup/code", code=code_to(phone))
    shown = words(client, "/certificates")
    assert "历史数据" in shown and "JYHS-2023-0007" in shown and "2023 年纸质台账" in shown
    assert "查看和保存证书" not in shown and "没有电子证书图片" in shown
