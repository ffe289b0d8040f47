"""待补字: what waits and for which characters; made once the font is here, in reach of the caller alone."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.rendering import Studio, use_studio
from chengjiu_mp.core import fonts
from chengjiu_mp.core.db import db
from tests import factories, issued
from tests.pictures import UNDRAWN, a_font

BASE = "/console/certificates/glyphs/"
POINT = f"U+{ord(UNDRAWN):04X}"


@pytest.fixture
def folder(app: Flask, tmp_path: Any) -> Any:
    """The folder where staff drop fonts, empty."""
    dropped = tmp_path / "dropped"
    dropped.mkdir()
    fonts.use_font_folders([dropped])
    use_studio(Studio([dropped]))
    return dropped


def headers(role: str = "operator", **values: Any) -> dict[str, str]:
    with factories.made():
        return factories.bearer(role, **values)


def pictures() -> list[tuple[str, str]]:
    db.session.expire_all()
    order = select(CertificateVersion.name, CertificateVersion.picture_state).order_by(CertificateVersion.id)
    return [(name, state) for name, state in db.session.execute(order)]


def test_what_waits_is_made_once_its_font_is_here(client: Any, folder: Any) -> None:
    certificates = issued.issue(f"张{UNDRAWN}", "李四", f"王{UNDRAWN}")
    ids = [one.id for one in certificates]
    for one in certificates:
        issued.draw(one)
    desk = headers()
    page = client.get(BASE, headers=desk).text
    assert f'<span class="glyph" lang="zh">{UNDRAWN}</span>' in page
    assert POINT in page
    assert "2 张在等" in page
    assert "重新制作这" not in page
    assert client.post(BASE, headers=desk).headers["Location"].endswith("?made=0")
    a_font(ord(UNDRAWN)).save(folder / "signs.ttf")
    page = client.get(BASE, headers=desk).text
    assert "字体已有" in page
    assert "signs.ttf" in page
    assert "重新制作这 2 张" in page
    assert client.post(BASE, headers=desk).headers["Location"].endswith("?made=2")
    assert client.post(BASE, headers=desk).headers["Location"].endswith("?made=0")
    for certificate_id in ids:
        version = issued.draw(db.session.get_one(Certificate, certificate_id))
        assert version.picture_state == "ready"
    assert "没有待补字的证书" in client.get(BASE, headers=desk).text


def test_the_age_of_the_wait(client: Any, folder: Any, frozen: Any) -> None:
    issued.draw(issued.issue(f"张{UNDRAWN}")[0])
    frozen.now = frozen.now.replace(month=12, day=3)
    assert re.search(r">10 天<", client.get(BASE, headers=headers()).text)


def test_only_what_is_in_reach(client: Any, folder: Any) -> None:
    issued.draw(issued.issue(f"张{UNDRAWN}")[0])
    a_font(ord(UNDRAWN)).save(folder / "signs.ttf")
    for role, values, status in (
        ("operator", {"unit_code": "huashi"}, 303), ("operator", {"read_only": True}, 403), ("auditor", {}, 403),
    ):  # fmt: skip
        assert client.post(BASE, headers=headers(role, **values)).status_code == status
    assert UNDRAWN not in client.get(BASE, headers=headers(unit_code="huashi")).text
    assert [state for _, state in pictures()] == ["missing_glyphs"]
    assert client.get(BASE).status_code in (302, 303, 401)
