"""离线核验 without a browser: the holder's page with the second code, and what is sent to the phone that checks."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from chengjiu_mp.certificates import signing, states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import qr
from chengjiu_mp.core.db import db, unit_of_work
from tests import issued
from tests.pictures import code_in


@pytest.fixture
def mine(app: Flask, client: Any) -> Certificate:
    """A certificate whose holder proved themselves on this phone."""
    one = issued.issue("张三")[0]
    with client.session_transaction() as cookie:
        cookie["certificates"] = issued.pass_of(one)
    return one


def test_the_holder_is_shown_the_second_code(client: Any, mine: Certificate) -> None:
    text = client.get(f"/c/{mine.id}").text
    url = signing.code_url(issued.version_of(mine)) or ""
    assert qr.qr_svg(url, label="离线核验码") in text
    assert "没有离线核验码" not in text


def test_the_code_is_read_back_from_a_phones_screen(client: Any, mine: Certificate) -> None:
    """264 CSS pixels at twice the density, as the page shows it; and the same after a bad compression."""
    url = signing.code_url(issued.version_of(mine)) or ""
    picture = qr.qr_image(url, 528)
    assert code_in(picture) == url
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=25)
    assert code_in(Image.open(out)) == url


def test_a_certificate_from_before_has_none_and_says_so(client: Any, mine: Certificate) -> None:
    with unit_of_work():
        version = issued.version_of(mine)
        version.signed = version.kid = None
    assert "这张证书没有离线核验码" in client.get(f"/c/{mine.id}").text
    assert "已联网核对：有效" in client.get(f"/v/{issued.token(mine)}").text


def test_a_revoked_one_shows_no_code(client: Any, mine: Certificate) -> None:
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, mine.id), "成绩登记有误")
    text = client.get(f"/c/{mine.id}").text
    assert "离线核验码" not in text


def test_the_printed_picture_keeps_the_short_code(client: Any, mine: Certificate) -> None:
    version = issued.draw(mine)
    reply = client.get(f"/c/{mine.id}/image")
    assert version.picture_state == "ready"
    assert code_in(Image.open(io.BytesIO(reply.data))) == f"http://127.0.0.1:8000/v/{issued.token(mine)}"


def test_the_interface_gives_the_codes_address(client: Any, mine: Certificate) -> None:
    reply = client.get(f"/api/v1/certificates/{mine.id}?key={issued.key_of(mine)}")
    assert reply.json["offline_url"] == signing.code_url(issued.version_of(mine))


def test_the_page_that_a_phone_keeps_is_of_nobody(client: Any, mine: Certificate) -> None:
    text = client.get("/verify/offline").text
    assert mine.number not in text
    assert "张" not in text.replace("这张", "").replace("一张", "")
    assert 'rel="manifest"' in text


def test_the_worker_lists_only_what_is_there_and_public(client: Any) -> None:
    text = client.get("/verify-sw.js").text
    found = re.match(r'const VERSION = "(\w{12})";\nconst FILES = (\[.*?\]);', text)
    assert found is not None
    names = re.findall(r'"(.*?)"', found[2])
    assert "/static/verify-check.js" in names
    for name in names:
        with client.get(name) as reply:
            assert reply.status_code == 200, name
    # What the scripts ask for by themselves is kept too.
    for name in (one for one in names if one.endswith(".js")):
        with client.get(name) as reply:
            assert {f"/static/{one}" for one in re.findall(r'from "\./(.*?)"', reply.text)} <= set(names)


def test_the_home_screens_file_opens_the_page(client: Any) -> None:
    reply = client.get("/verify/offline.webmanifest")
    assert (reply.mimetype, reply.json["start_url"]) == ("application/manifest+json", "/verify/offline")
    assert client.get(reply.json["icons"][0]["src"]).status_code == 200
