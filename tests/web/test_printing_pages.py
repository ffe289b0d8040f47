"""打印和领取 in the console and 领取方式 on the phone, by forms alone."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates import printing
from chengjiu_mp.certificates.delivery_models import Delivery
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.printing_models import PrintFile
from chengjiu_mp.certificates.template_models import CertificatePrinter
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from tests import factories, issued, printings
from tests.certificates.test_pdf import read
from tests.web.test_certificate_pages import look_up, post
from tests.web.test_earlier_pages import signed, words

BASE = "/console/printing"
HOME = {"way": "mail", "name": "张三", "phone": "13900000001", "address": "江阴市澄江街道虹桥路 1 号"}


@pytest.fixture
def of(app: Flask) -> list[Certificate]:
    return printings.drawn("张三", "𬭎䶮")


def made(client: FlaskClient, run_id: int, headers: dict[str, str], **form: str) -> int:
    reply = client.post(f"{BASE}/runs/{run_id}/files", data=form, headers=headers)
    assert reply.status_code == 303
    file_id = int(reply.headers["Location"].rpartition("/")[2])
    printings.make(file_id)
    db.session.remove()
    return file_id


def way_of(certificate_id: int) -> Delivery:
    return db.session.scalars(select(Delivery).where(Delivery.certificate_id == certificate_id)).one()


def test_a_runs_cards_are_made_taken_and_entered(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, ids = of[0].run_id, [str(one.id) for one in of]
    headers = signed()
    assert "没选过的都改为自取" in words(client, f"{BASE}/runs/{run_id}", headers)
    client.post(f"{BASE}/runs/{run_id}/ways", data={"way": "pickup"}, headers=headers)
    reply = client.post(f"{BASE}/runs/{run_id}/files", data={"product": "cards", "which": "paper"}, headers=headers)
    here = reply.headers["Location"]
    assert "正在生成" in words(client, here, headers)
    assert (client.get(f"{here}/state", headers=headers).json or {})["state"] == "working"
    assert client.get(f"{here}/download", headers=headers).status_code == 409
    printings.make(int(here.rpartition("/")[2]))
    db.session.remove()
    assert "实际大小" in words(client, here, headers)
    taken = client.get(f"{here}/download", headers=headers, buffered=True)
    assert "certificates-" in taken.headers["Content-Disposition"] and "no-store" in taken.headers["Cache-Control"]
    assert "𬭎䶮" in read(taken.data).pages[0].extract_text()
    assert client.post(f"{here}/printed", headers=headers).headers["Location"] == f"{BASE}/runs/{run_id}"
    page = words(client, f"{BASE}/runs/{run_id}", headers)
    assert page.count("第 1 版") == 2 and page.count("已打印") >= 2
    assert client.post(f"{BASE}/runs/{run_id}/steps", data={"step": "collected"}, headers=headers).status_code == 422
    done = client.post(f"{BASE}/runs/{run_id}/steps", data={"step": "collected", "ids": ids}, headers=headers)
    assert done.status_code == 303
    assert words(client, f"{BASE}/runs/{run_id}", headers).count("已领取") >= 2


def test_everybody_fetches_at_once_and_the_sheet_is_offered_when_it_opens(
    client: FlaskClient, of: list[Certificate]
) -> None:
    run_id, ids = of[0].run_id, [one.id for one in of]
    headers, run = signed(), f"{BASE}/runs/{run_id}"
    assert "打印领取表" not in words(client, run, headers)
    client.post(f"{run}/ways", data={"way": "pickup"}, headers=headers)
    page = words(client, run, headers)
    assert "自取的 2 人签名用" in page and "全部领取" not in page
    client.post(f"{BASE}/files/{made(client, run_id, headers, product='cards')}/printed", headers=headers)
    assert "全部领取（2 人）" in words(client, run, headers)
    stale = client.post(f"{run}/steps", data={"step": "collected", "everybody": "1"}, headers=headers)
    assert (stale.status_code, way_of(ids[0]).state) == (409, "printed") and "人数刚刚变了" in stale.text
    db.session.remove()
    done = client.post(f"{run}/steps", data={"step": "collected", "everybody": "2"}, headers=headers)
    assert done.status_code == 303 and [way_of(one).state for one in ids] == ["collected"] * 2
    page = words(client, run, headers)
    assert "全部领取" not in page and "打印领取表" in page


def test_stock_that_was_printed_before_goes_the_same_way(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, one = of[0].run_id, of[0].id
    headers, run = signed(), f"{BASE}/runs/{run_id}"
    client.post(f"{run}/ways", data={"way": "pickup"}, headers=headers)
    assert "量好打印机的偏移" in words(client, run, headers)
    with factories.made():
        form = {"unit_id": str(factories.unit().id), "name": "三楼", "across": "2", "down": "-1"}
    client.post("/console/certificates/printers/", data=form, headers=headers)
    (printer,) = db.session.scalars(select(CertificatePrinter.id)).all()
    assert "套打用哪台打印机" in words(client, run, headers)
    file_id = made(client, run_id, headers, product="preprinted", which="paper", printer_id=str(printer))
    assert "横向 +2.00 毫米" in words(client, f"{BASE}/files/{file_id}", headers)
    taken = client.get(f"{BASE}/files/{file_id}/download", headers=headers, buffered=True)
    assert "𬭎䶮" in read(taken.data).pages[1].extract_text()
    assert client.post(f"{BASE}/files/{file_id}/printed", headers=headers).status_code == 303
    assert words(client, run, headers).count("第 1 版") == 2 and way_of(one).state == "printed"
    assert '<option value="" selected>不移动' in client.get(run, headers=headers).text
    still = made(client, run_id, headers, product="preprinted", printer_id="")
    assert "横向 +0.00 毫米" in words(client, f"{BASE}/files/{still}", headers)
    gone = {"product": "preprinted", "printer_id": "999"}
    assert client.post(f"{run}/files", data=gone, headers=headers).status_code == 404


def test_what_is_ticked_of_another_run_is_not_moved(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, mine, headers = of[0].run_id, of[0].id, signed()
    client.post(f"{BASE}/runs/{run_id}/ways", data={"way": "pickup"}, headers=headers)
    client.post(f"{BASE}/files/{made(client, run_id, headers, product='cards')}/printed", headers=headers)
    other = issued.issue("李四")[0].id
    form = {"step": "collected", "ids": [str(mine), str(other)]}
    assert client.post(f"{BASE}/runs/{run_id}/steps", data=form, headers=headers).status_code == 404
    assert way_of(mine).state == "printed"


def test_a_file_is_nobody_elses(client: FlaskClient, of: list[Certificate]) -> None:
    run_id = of[0].run_id
    file_id = made(client, run_id, signed(), product="zip_jpg")
    other = signed()
    for path in ("", "/state", "/download"):
        assert client.get(f"{BASE}/files/{file_id}{path}", headers=other).status_code == 404
    assert client.post(f"{BASE}/files/{file_id}/printed", headers=other).status_code == 404
    assert client.get(f"{BASE}/files/{file_id}/download").status_code == 303


def test_a_unit_sees_and_takes_its_own(client: FlaskClient, of: list[Certificate]) -> None:
    unit_id, number = of[0].owner_unit_id, of[0].number
    own, other = signed("unit_manager", "chengjiang"), signed("unit_manager", "yunting")
    assert number in words(client, f"{BASE}/units/{unit_id}", own)
    assert client.get(f"{BASE}/?unit_id={unit_id}", headers=own).headers["Location"] == f"{BASE}/units/{unit_id}"
    reply = client.post(f"{BASE}/units/{unit_id}/files", data={"product": "zip_jpg", "which": "all"}, headers=own)
    assert "/files/" in reply.headers["Location"]
    empty = {"product": "zip_jpg", "which": "reprint"}
    assert client.post(f"{BASE}/units/{unit_id}/files", data=empty, headers=own).status_code == 409
    words(client, f"{BASE}/units/{unit_id}", other, 404)
    assert client.post(f"{BASE}/units/{unit_id}/files", data={"product": "zip_jpg"}, headers=other).status_code == 404
    assert client.get(f"{BASE}/runs/{of_run(number)}", headers=other).status_code == 404


def of_run(number: str) -> int:
    return db.session.scalars(select(Certificate.run_id).where(Certificate.number == number)).one()


def test_auditors_read_and_make_nothing(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, one = of[0].run_id, of[0].id
    headers = signed("auditor")
    assert "生成打印文件" not in words(client, f"{BASE}/runs/{run_id}", headers)
    words(client, f"{BASE}/certificates/{one}", headers)
    for path in (f"runs/{run_id}/files", f"runs/{run_id}/ways", f"certificates/{one}/address", f"runs/{run_id}/pickup"):
        assert client.post(f"{BASE}/{path}", headers=headers).status_code == 403


def test_an_office_that_only_reads_moves_nothing(client: FlaskClient, of: list[Certificate]) -> None:
    run_id = of[0].run_id
    headers = signed("operator", read_only=True)
    assert "领取表" not in words(client, f"{BASE}/runs/{run_id}", headers)
    assert client.post(f"{BASE}/runs/{run_id}/ways", data={"way": "pickup"}, headers=headers).status_code == 403


def test_the_pickup_sheet_is_on_paper_and_in_the_trail(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, number, tail = of[0].run_id, of[0].number, issued.phone_of(of[0], proved=False)[-4:]
    headers = signed()
    assert client.post(f"{BASE}/runs/{run_id}/pickup", headers=headers).status_code == 404
    client.post(f"{BASE}/runs/{run_id}/ways", data={"way": "pickup"}, headers=headers)
    page = client.post(f"{BASE}/runs/{run_id}/pickup", headers=headers).get_data(as_text=True)
    assert number in page and tail in page and "𬭎䶮" in page and "领取人签名" in page
    assert "certificates.pickup_sheet_printed" in db.session.scalars(select(AuditEntry.action)).all()


def test_by_post_from_the_desk(client: FlaskClient, of: list[Certificate]) -> None:
    run_id, one = of[0].run_id, of[0].id
    headers = signed()
    here = f"{BASE}/certificates/{one}"
    wrong = client.post(f"{here}/way", data={**HOME, "address": ""}, headers=headers)
    assert wrong.status_code == 422 and "请填写收件地址" in wrong.text
    assert client.post(f"{here}/way", data=HOME, headers=headers).status_code == 303
    assert "虹桥路" not in words(client, here, headers)
    assert "虹桥路" in client.post(f"{here}/address", headers=headers).text
    assert "certificate.address_seen" in db.session.scalars(select(AuditEntry.action)).all()
    db.session.remove()
    assert client.post(f"{here}/sent", data={"tracking": "SF123456789"}, headers=headers).status_code == 409
    client.post(
        f"{BASE}/files/{made(client, run_id, headers, product='strips', which='paper')}/printed", headers=headers
    )
    assert client.post(f"{here}/sent", data={"tracking": "顺丰"}, headers=headers).status_code == 422
    assert client.post(f"{here}/sent", data={"tracking": "SF123456789"}, headers=headers).status_code == 303
    assert "SF123456789" in words(client, f"{BASE}/runs/{run_id}", headers)
    assert client.post(f"{here}/delivered", headers=headers).status_code == 303
    assert client.post(f"{here}/delivered", headers=headers).status_code == 409
    assert client.post(f"{here}/address", headers=headers).status_code == 404
    assert client.post(f"{here}/undo", data={"reason": "退回来了"}, headers=headers).status_code == 303
    assert "退回来了" in words(client, here, headers) and way_of(one).state == "sent"


def test_addresses_are_not_a_units(client: FlaskClient, of: list[Certificate]) -> None:
    one = of[0].id
    printings.choose(of[0], "mail")
    headers = signed("unit_manager", "chengjiang")
    assert "查看收件地址" not in words(client, f"{BASE}/certificates/{one}", headers)
    assert client.post(f"{BASE}/certificates/{one}/address", headers=headers).status_code == 403


def test_the_holder_chooses_on_their_own_page(client: FlaskClient, of: list[Certificate]) -> None:
    one, other = of[0], of[1].id
    here = f"/c/{one.id}/paper"
    assert client.get(here).headers["Location"] == "/lookup"
    look_up(client, one)
    assert "领取纸质证书" in client.get(f"/c/{one.id}").text
    page = client.get(here).text
    assert "只要电子证书" in page and client.get(f"/c/{other}/paper").status_code == 404
    assert post(client, f"/c/{other}/paper", back=here, way="pickup").status_code == 404
    wrong = post(client, here, **{**HOME, "phone": "139"})
    assert wrong.status_code == 422 and "虹桥路" in wrong.text and "11 位" in wrong.text
    assert post(client, here, **HOME).headers["Location"].startswith(here)
    assert "虹桥路" in client.get(here).text
    post(client, here, way="pickup")
    assert way_of(one.id).address_sealed is None and "虹桥路" not in client.get(here).text


def test_once_printed_the_holder_sees_how_far_it_is(client: FlaskClient, of: list[Certificate]) -> None:
    one, run_id = of[0], of[0].run_id
    printings.choose(one, "pickup")
    headers = signed()
    client.post(
        f"{BASE}/files/{made(client, run_id, headers, product='cards', which='paper')}/printed", headers=headers
    )
    one = db.session.scalars(select(Certificate).where(Certificate.run_id == run_id).order_by(Certificate.id)).all()[0]
    look_up(client, one)
    shown = client.get(f"/c/{one.id}/paper").text
    assert "已打印" in shown and "可以领取时会发短信" in shown
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/lookup").text)[0]
    late = client.post(f"/c/{one.id}/paper", data={"csrf_token": token, "way": "electronic"})
    assert late.status_code == 409


def test_the_pdf_is_on_the_holders_and_the_offices_page(client: FlaskClient, of: list[Certificate]) -> None:
    one = of[0]
    look_up(client, one)
    assert f"/c/{one.id}/pdf" in client.get(f"/c/{one.id}").text
    saved = client.get(f"/c/{one.id}/pdf")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert one.number in read(saved.data).pages[0].extract_text()
    office: Any = client.get(f"/console/certificates/{one.id}/pdf", headers=signed())
    assert office.data == saved.data


def test_where_nothing_was_issued_there_is_nothing_to_print(client: FlaskClient, app: Flask) -> None:
    headers = signed()
    assert "还没有证书可以打印" in words(client, f"{BASE}/", headers)
    with factories.made():
        run_id = factories.run().id
    words(client, f"{BASE}/runs/{run_id}", headers, 404)


def test_an_unfinished_file_that_stopped_says_so(
    client: FlaskClient, of: list[Certificate], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, headers = of[0].run_id, signed()
    monkeypatch.setattr(printing, "stopped", lambda file: True)
    reply = client.post(f"{BASE}/runs/{run_id}/files", data={"product": "cards"}, headers=headers)
    assert "没有做成" in words(client, reply.headers["Location"], headers)
    assert db.session.scalars(select(PrintFile.state)).one() == "queued"
