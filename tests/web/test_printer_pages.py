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
from tests import factories, issued, waiting
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


def test_a_certificates_words_move_as_its_printer_is_set(app: Flask) -> None:
    number, desk = issued.issue("张三")[0].number, signed_in(app)
    boxes = []
    for across, down in (("0", "0"), ("2", "-1.5")):
        one = saved(desk, across=across, down=down)
        sheet = picture(desk.get(f"{BASE}{one.id}/page.png?number={number.lower()}"))
        assert code_in(sheet.resize((1754, 1240))).startswith(app.config["SETTINGS"].public_url + "/v/")
        boxes.append(ImageChops.invert(sheet.convert("RGB")).getbbox())
    still, moved = boxes
    assert still is not None
    assert moved is not None
    assert (moved[0] - still[0], moved[1] - still[1]) == (mm(2), mm(-1.5))


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
    assert other.get(f"{BASE}{one}/page.png?number={number}").status_code == 404
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
    assert desk.get(f"{BASE}{one}/page.png?number={number}").status_code == 409
    assert desk.get(f"{BASE}{one}/page.png?number=JYX").status_code == 404


def test_a_number_from_outside_fits_into_the_header(app: Flask) -> None:
    waiting.waits("张三")
    waiting.load(waiting.row("张三", "苏红32-2026-000871"))
    desk = signed_in(app)
    reply = desk.get(f"{BASE}{saved(desk).id}/page.png", query_string={"number": "苏红32-2026-000871"})
    assert reply.status_code == 200 and reply.headers["Content-Disposition"].isascii()
