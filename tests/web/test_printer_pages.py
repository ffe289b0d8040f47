"""套打: an office's printers, the page to measure by, and a certificate's words on white, moved as the printer is set."""

import io
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageChops
from sqlalchemy import select

from chengjiu_mp.certificates import states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.template_models import CertificatePrinter
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.storage import media
from tests import factories, issued, printings
from tests.certificates.test_pdf import read
from tests.pictures import code_in

BASE = "/console/certificates/printers/"


def signed_in(app: Flask, role: str = "operator", unit_code: str | None = None) -> Any:
    client = app.test_client()
    with factories.made():
        headers = factories.bearer(role, unit_code=unit_code)
    client.environ_base["HTTP_AUTHORIZATION"] = headers["Authorization"]
    return client


def saved(client: Any, unit: str = "chengjiang", **values: Any) -> CertificatePrinter:
    with factories.made():
        unit_id = factories.unit(unit).id
    reply = client.post(BASE, data={"unit_id": unit_id, "name": "三楼打印机", "across": "2", "down": "-1.5", **values})
    assert reply.status_code == 303, reply.text
    return db.session.scalars(select(CertificatePrinter)).one()


def picture(reply: Any) -> Image.Image:
    assert (reply.status_code, reply.mimetype) == (200, "image/png")
    return Image.open(io.BytesIO(reply.data))


def test_a_certificates_words_move_as_its_printer_is_set_and_are_entered(app: Flask) -> None:
    one, desk = issued.issue("张三")[0], signed_in(app)
    number, run_id = one.number, one.run_id
    issued.draw(one)
    boxes = []
    for across, down in (("0", "0"), ("2", "-1.5")):
        reply = desk.post(f"{BASE}{saved(desk, across=across, down=down).id}/page", data={"number": number.lower()})
        here = reply.headers["Location"]
        file = printings.make(int(here.rpartition("/")[2]))
        (shown,) = read(media().get(file.file or "")).pages[0].images
        sheet = Image.open(io.BytesIO(shown.data))
        assert code_in(sheet.resize((1754, 1240))).startswith(app.config["SETTINGS"].public_url + "/v/")
        boxes.append(ImageChops.invert(sheet.convert("L").point(lambda value: 255 if value > 128 else 0)).getbbox())
    still, moved = boxes
    assert still is not None
    assert moved is not None
    assert (moved[0] - still[0], moved[1] - still[1]) == pytest.approx((mm(2), mm(-1.5)), abs=2)
    db.session.remove()
    assert "横向 +2.00 毫米，纵向 -1.50 毫米" in desk.get(here).text
    assert desk.post(f"{here}/printed").headers["Location"] == f"/console/printing/runs/{run_id}"
    assert "第 1 版" in desk.get(f"/console/printing/runs/{run_id}").text


def test_the_measuring_page_and_what_it_says(app: Flask) -> None:
    desk = signed_in(app)
    one = saved(desk)
    sheet = picture(desk.get(f"{BASE}{one.id}/test.png"))
    assert (sheet.size, [round(value) for value in sheet.info["dpi"]]) == ((3508, 2480), [300, 300])
    page = desk.get(BASE).text
    assert "+2.00 毫米" in page
    assert "-1.50 毫米" in page
    assert "量到左边 22 毫米，字偏右了，填 −2" in page
    assert desk.get(f"{BASE}{one.id}/test.png?template=1999-1").status_code == 404


@pytest.mark.parametrize(
    ("values", "field"), [({"across": "20.5"}, "across"), ({"down": "nan"}, "down"), ({"name": ""}, "name")]
)
def test_what_makes_no_sense_is_said(app: Flask, values: dict, field: str) -> None:
    with factories.made():
        unit_id = factories.unit().id
    reply = signed_in(app).post(BASE, data={"unit_id": unit_id, "name": "一楼", "across": "0", "down": "0", **values})
    assert reply.status_code == 422
    assert f'id="f-{field}-error"' in reply.text


def test_an_office_keeps_its_own(app: Flask) -> None:
    one = saved(signed_in(app)).id
    number = issued.issue("张三")[0].number
    other = signed_in(app, "unit_manager", "huashi")
    assert other.get(f"{BASE}{one}/test.png").status_code == 404
    assert other.post(f"{BASE}{one}/page", data={"number": number}).status_code == 404
    assert other.post(f"{BASE}{one}/remove").status_code == 404
    assert "三楼打印机" not in other.get(BASE).text
    assert signed_in(app).post(f"{BASE}{one}/remove").status_code == 303
    assert db.session.scalars(select(CertificatePrinter)).all() == []


def test_a_revoked_one_is_not_printed(app: Flask) -> None:
    desk, certificate = signed_in(app), issued.issue("张三")[0]
    number = certificate.number
    one = saved(desk).id
    with unit_of_work():
        row = db.session.scalars(select(Certificate)).one()
        states.revoke(row, "成绩有误")
    assert desk.post(f"{BASE}{one}/page", data={"number": number}).status_code == 409
    assert desk.post(f"{BASE}{one}/page", data={"number": "JYX"}).status_code == 404
