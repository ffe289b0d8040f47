"""证书版式 in the console: moved in millimetres, looked at as 样张, published; and what a sample's code is worth."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.certificates import templates
from chengjiu_mp.certificates.models import CertificateVersion
from chengjiu_mp.certificates.samples import SAMPLE_TOKEN
from chengjiu_mp.certificates.template import BUILT_IN
from chengjiu_mp.certificates.template_models import CertificateEmblem
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.storage import media
from chengjiu_mp.web.admin.template_forms import TemplatePage
from tests import factories, issued
from tests.pictures import code_in

BASE = "/console/certificates/templates/"


def signed_in(app: Flask, role: str, unit_code: str | None = None) -> Any:
    client = app.test_client()
    with factories.made():
        headers = factories.bearer(role, unit_code=unit_code)
    client.environ_base["HTTP_AUTHORIZATION"] = headers["Authorization"]
    return client


@pytest.fixture
def desk(app: Flask) -> Any:
    return signed_in(app, "operator")


def post(client: Any, url: str, **form: Any) -> Any:
    return client.post(url, data=form)


def begun(client: Any) -> str:
    reply = post(client, BASE, scope="all")
    assert reply.status_code == 303, reply.text
    return str(reply.headers["Location"])


def form_of(**changes: Any) -> dict[str, Any]:
    given = TemplatePage.of(BUILT_IN, None, 1).model_dump(exclude={"photo", "document_tail", "emblem_id"})
    return {**given, **changes}


def test_an_operator_moves_the_name_and_another_publishes(app: Flask, desk: Any) -> None:
    page = begun(desk)
    assert post(desk, page, name_x="", **{k: v for k, v in form_of().items() if k != "name_x"}).status_code == 422
    assert post(desk, page, **form_of(name_y="84.5", title="培训合格证")).status_code == 303
    assert 'value="84.5"' in desk.get(page).text
    assert "没有可以发布的人" in desk.get(page).text
    other = signed_in(app, "approver")
    shown = desk.get(page).text
    assert "等谁" in shown and "没有可以发布的人" not in shown and "/publish" not in shown
    refused = post(desk, f"{page}/publish", seen="1", revision="2")
    assert refused.status_code == 403 and "要由另一位同事打开这一页" in refused.text
    assert post(other, f"{page}/publish", revision="2").status_code == 422
    assert post(other, f"{page}/publish", seen="1", revision="2").status_code == 303
    assert "发布过的版式不能再改" in desk.get(page).text
    assert post(desk, page, **form_of(revision=2)).status_code == 409
    version = issued.version_of(issued.issue("张三")[0])
    assert (version.template, templates.look_of(version.template)[0].name.y) == ("2026-2", 84.5)


def test_what_lies_on_something_else_is_said_at_its_field(desk: Any) -> None:
    reply = post(desk, begun(desk), **form_of(code_x="120"))
    assert reply.status_code == 422
    assert re.search(r'id="f-(issued_x|code_x|until_x)-error"', reply.text)
    assert 'value="120"' in reply.text


def test_a_sample_proves_nothing(app: Flask, desk: Any) -> None:
    page = begun(desk)
    reply = desk.get(f"{page}/sample.jpg?sample=two")
    assert reply.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(reply.data)) as picture:
        found = code_in(picture.resize((2480, 1754)))
    assert found == f"{app.config['SETTINGS'].public_url}/v/{SAMPLE_TOKEN}"
    assert not db.session.scalars(select(CertificateVersion)).all()
    assert not db.session.scalars(select(Job)).all()
    public = app.test_client()
    seen = public.get(f"/v/{SAMPLE_TOKEN}")
    assert (seen.status_code, "样张，不是证书" in seen.text) == (404, True)
    said = public.get(f"/api/v1/verify/{SAMPLE_TOKEN}")
    assert (said.status_code, said.get_json()["code"]) == (404, "sample_code")


@pytest.mark.parametrize("sample", ["three", "two", "long", "latin", "rare"])
def test_every_sample_is_drawn_as_it_is_typed(desk: Any, sample: str) -> None:
    page = begun(desk)
    query = form_of(sample=sample, photo="1", photo_x="242", photo_y="75", name_width="195")
    assert desk.get(f"{page}/live.jpg", query_string=query).mimetype == "image/jpeg"


def test_a_draft_that_cannot_be_drawn_is_said(desk: Any) -> None:
    page = begun(desk)
    assert desk.get(f"{page}/live.jpg", query_string=form_of(name_x="nan")).status_code == 422
    tiny = form_of(name_width="5", name_height="5")
    assert desk.get(f"{page}/live.jpg", query_string=tiny).status_code in (200, 400)


def test_only_the_city_has_designs(app: Flask) -> None:
    for role in ("auditor", "unit_manager"):
        assert signed_in(app, role).get(BASE).status_code == 403
    assert app.test_client().get(BASE).status_code in (302, 303, 401)


def png(color: str = "seagreen", mode: str = "RGBA") -> io.BytesIO:
    out = io.BytesIO()
    Image.new(mode, (300, 300), color).save(out, "PNG", pnginfo=None)
    out.seek(0)
    return out


def test_an_emblem_is_kept_as_given_and_drawn_on_the_sample(desk: Any) -> None:
    page = begun(desk)
    sent = post(desk, f"{BASE}emblems", emblem=(png(), "emblem.png"))
    assert sent.status_code == 303, sent.text
    row = db.session.scalars(select(CertificateEmblem)).one()
    with Image.open(io.BytesIO(media().get(row.file))) as kept:
        assert (kept.format, kept.size, kept.convert("RGB").getpixel((150, 150))) == ("PNG", (300, 300), (46, 139, 87))
    assert desk.get(f"{BASE}emblems/{row.id}.png").mimetype == "image/png"
    assert post(desk, page, **form_of(emblem_id=row.id)).status_code == 303
    with Image.open(io.BytesIO(desk.get(f"{page}/sample.jpg").data)) as picture:
        assert picture.getpixel((620, 124)) == pytest.approx((46, 139, 87), abs=40)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "请先选一张照片"), (b"\xff\xd8\xff\x00", "会徽只收 PNG"), (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "读不出来")],
)
def test_what_is_no_emblem_is_refused(desk: Any, content: bytes, words: str) -> None:
    reply = post(desk, f"{BASE}emblems", emblem=(io.BytesIO(content), "emblem.png"))
    assert reply.status_code == 422
    assert words in reply.text
