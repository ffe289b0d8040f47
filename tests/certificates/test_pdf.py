"""The PDF of a certificate: its words are read back by a reader that shares nothing with what wrote it."""

import dataclasses
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from flask import Flask
from PIL import Image

from chengjiu_mp.certificates import rendering
from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.pdf import certificate_page, certificate_pdf, words_of
from chengjiu_mp.certificates.printed import printed_page
from chengjiu_mp.certificates.template import BUILT_IN, Line, Template
from chengjiu_mp.core import storage
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.pdf import PdfPage, pdf_of
from tests import factories, issued, waiting
from tests.certificates.test_template_picture import MOVED
from tests.pictures import fonts

FACE = CertificateFace(
    kind_name="心肺复苏与自动体外除颤（CPR+AED）", number="JYA202600001", holder_name="张三",
    issued_on=date(2026, 11, 26), valid_until=date(2029, 11, 26), run_title="澄江街道周末班", hours=Decimal(4),
    syllabus="大纲", verify_url="https://x.test/v/a",
)  # fmt: skip

# The code away from where the name's ink is looked for.
APART = dataclasses.replace(MOVED, code=Line(230, 140), photo=None)


def jpeg(mode: str = "RGB", size: tuple[int, int] = (300, 212)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 200 if mode == "L" else None).save(out, "JPEG")
    return out.getvalue()


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data), strict=True)


@pytest.mark.parametrize(
    "name",
    ["张三", "𬭎䶮𰻞𫖯", "古丽米热·阿卜杜热合曼", "José O’Brien-Güler van der Østergård", "\U0002a6d6\U00030edd" * 30],
)
def test_every_name_is_read_back(name: str) -> None:
    page = read(certificate_pdf(dataclasses.replace(FACE, holder_name=name), jpeg())).pages[0]
    assert page.extract_text().splitlines() == [
        "电子证书（培训合格证明）", name, "心肺复苏与自动体外除颤（CPR+AED）",
        "证书编号", "JYA202600001", "发证单位", "江阴市红十字会", "发证日期", "2026年11月26日", "有效期至", "2029年11月26日",
    ]  # fmt: skip


def placed(data: bytes) -> dict[str, tuple[float, float]]:
    """Where a reader finds each text of the first page: left end and baseline from the left upper corner, in mm."""
    found: dict[str, tuple[float, float]] = {}

    def see(text: str, _: Any, at: list[float], *__: Any) -> None:
        if text.strip():
            found[text.strip()] = (at[4] * 25.4 / 72, 210 - at[5] * 25.4 / 72)

    read(data).pages[0].extract_text(visitor_text=see)
    return found


def ink(face: CertificateFace, x: float, y: float, width: float, height: float) -> tuple[float, float, float]:
    """Left, right and lowest ink in a rectangle of the words as they are printed, in mm."""
    box = tuple(mm(value) for value in (x, y, x + width, y + height))
    page = printed_page(face, fonts()).convert("L").point(lambda value: 255 if value < 160 else 0)
    left, _, right, bottom = page.crop(box).getbbox() or (0, 0, 0, 0)  # type: ignore[arg-type]
    return x + left * 25.4 / 300, x + right * 25.4 / 300, y + bottom * 25.4 / 300


@pytest.mark.parametrize("name", ["张三", "欧阳娜娜", "古丽米热·阿卜杜热合曼"])
@pytest.mark.parametrize("look", [BUILT_IN, APART])
def test_words_lie_where_the_design_prints_them(look: Template, name: str) -> None:
    face = dataclasses.replace(FACE, holder_name=name, look=look, template=look.version)
    where = placed(certificate_pdf(face, jpeg()))
    widths = {one.text: one.width for one in words_of(face)}
    box = look.name
    for text, at in (
        (name, (box.x, box.y, box.width, box.height)), ("JYA202600001", (look.number.x, look.number.y - 5, 84, 7)),
        ("2026年11月26日", (look.issued.x, look.issued.y - 5, 84, 7)),
        ("2029年11月26日", (look.until.x, look.until.y - 5, 84, 7)),
    ):  # fmt: skip
        left, right, bottom = ink(face, *at)
        # Letters such as 年 reach a little below their baseline, in proportion to their size.
        assert where[text] == pytest.approx((left, bottom), abs=2.2)
        assert where[text][0] + widths[text] == pytest.approx(right, abs=2.2)


def test_the_picture_is_in_it_as_it_was_and_fills_a4() -> None:
    picture = jpeg()
    data = certificate_pdf(FACE, picture)
    page = read(data).pages[0]
    width, height = (float(side) * 25.4 / 72 for side in page.mediabox[2:])
    assert (round(width, 2), round(height, 2)) == (297, 210)
    assert picture in data
    assert page["/Resources"]["/XObject"]["/Im0"]["/Filter"] == "/DCTDecode"  # type: ignore[index]


def test_the_words_are_not_drawn() -> None:
    content = read(certificate_pdf(FACE, jpeg())).pages[0].get_contents()
    assert content is not None
    assert content.get_data().count(b"3 Tr") == 1


def test_the_same_certificate_gives_the_same_bytes_and_another_one_others() -> None:
    one, again = certificate_pdf(FACE, jpeg()), certificate_pdf(FACE, jpeg())
    other = certificate_pdf(dataclasses.replace(FACE, holder_name="李四"), jpeg())
    assert one == again
    assert read(one).trailer["/ID"] != read(other).trailer["/ID"]
    assert b"Date" not in one


def test_a_file_of_many_pages_keeps_each_ones_words() -> None:
    faces = [dataclasses.replace(FACE, holder_name=f"第{n}人", number=f"N{n}") for n in range(1, 13)]
    found = read(pdf_of([certificate_page(face, jpeg("L")) for face in faces], title="一场"))
    assert [page.extract_text().splitlines()[1] for page in found.pages] == [face.holder_name for face in faces]
    assert found.metadata is not None
    assert found.metadata.title == "一场"


def test_a_certificate_without_end_and_one_of_a_test_say_so() -> None:
    text = read(certificate_pdf(dataclasses.replace(FACE, valid_until=None, watermark="测试"), jpeg())).pages[0]
    assert text.extract_text().splitlines()[-3:] == ["有效期", "长期有效", "测试"]


def test_a_picture_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="CMYK"):
        pdf_of([PdfPage(jpeg("CMYK"), 297, 210)], title="x")


def test_the_route_gives_the_stored_picture_to_its_holder_alone(app: Flask) -> None:
    one, other = issued.issue("𬭎䶮", "李四")
    ours = f"/api/v1/certificates/{one.id}/pdf"
    key, number = issued.key_of(one), one.number
    client = app.test_client()
    assert client.get(f"{ours}?key={key}").status_code == 202
    version = issued.draw(one)
    picture = storage.media().get(version.file or "")
    words = rendering.face_of(version).holder_name
    reply = client.get(f"{ours}?key={key}")
    assert (reply.status_code, reply.mimetype, reply.headers["Cache-Control"]) == (
        200, "application/pdf", "private, no-store",
    )  # fmt: skip
    assert number in reply.headers["Content-Disposition"]
    assert picture in reply.data
    assert words in read(reply.data).pages[0].extract_text()
    assert client.get(f"/api/v1/certificates/{other.id}/pdf?key={key}").status_code == 404
    assert client.get(ours).status_code == 404


def test_an_auditor_sees_no_picture_this_way_either(app: Flask) -> None:
    one = issued.issue()[0]
    with factories.made():
        headers = {role: factories.headers_of(factories.account(role)) for role in ("auditor", "operator")}
    client = app.test_client()
    status = {
        role: client.get(f"/api/v1/certificates/{one.id}/pdf", headers=head).status_code
        for role, head in headers.items()
    }
    assert status == {"auditor": 404, "operator": 202}


def test_a_number_from_outside_fits_into_the_headers(app: Flask) -> None:
    waiting.waits("张三")
    (one,) = waiting.load(waiting.row("张三", "苏红32-2026-000871"))
    issued.draw(one)
    key = issued.key_of(one)
    for what, name in (("image", "000871.jpg"), ("pdf", "000871.pdf")):
        reply = app.test_client().get(f"/api/v1/certificates/{one.id}/{what}?key={key}")
        said = reply.headers["Content-Disposition"]
        assert reply.status_code == 200 and said.isascii() and said.endswith(name)
