"""Sheets for the printer: measures, codes that still read on a poor printer, names of every length."""

import dataclasses
import io

import pypdf
import pytest
import zxingcpp
from PIL import Image

from chengjiu_mp.certificates import printing_card, printing_sheets
from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.printing_sheets import SHEETS, Printed
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.fonts import FontChain, MissingGlyphs, discover_fonts
from chengjiu_mp.core.pdf import pdf_of
from tests.certificates.test_pdf import FACE, jpeg, read

LINK = "https://jiuhu.example.org.cn/v/abcdefghijklmnopqrstuvwx"
NAMES = (
    "张三", "José O’Brien-Güler van der Østergård-Maximiliana", "𬭎䶮𫖯", "阿布都热依木·买买提吐尔逊·阿卜杜拉",
    "Bartholomew Alexander Featherstonehaugh-Cholmondeley III", "李", "欧阳震华", "王芳", "赵六", "钱七",
)  # fmt: skip


@pytest.fixture(scope="module")
def chain() -> FontChain:
    return discover_fonts(())


def faces(count: int) -> list[CertificateFace]:
    return [
        dataclasses.replace(FACE, holder_name=NAMES[n % 10], number=f"JYA2026{n:05d}", verify_url=f"{LINK}{n:02d}")
        for n in range(count)
    ]


def made(product: str, of: list[CertificateFace], chain: FontChain) -> pypdf.PdfReader:
    way = SHEETS[product]
    return read(pdf_of(printing_sheets.pages(way, [Printed(one, jpeg) for one in of], chain), title="x"))


def picture(page: pypdf.PageObject) -> Image.Image:
    return Image.open(io.BytesIO(page.images[0].data))


def extent(page: Image.Image) -> list[float]:
    """How wide the modules of each code of a 300 dpi page are, in millimetres."""
    found = [code.position for code in zxingcpp.read_barcodes(page)]
    return [(at.top_right.x - at.top_left.x + 1) * 25.4 / 300 for at in found]


@pytest.mark.parametrize(("product", "each", "least"), [("cards", 9, 16.0), ("strips", 3, 25.0)])
def test_every_code_reads_at_half_the_resolution(product: str, each: int, least: float, chain: FontChain) -> None:
    of = faces(each + 1)
    pages = [picture(page) for page in made(product, of, chain).pages]
    halves = [page.resize((page.width // 2, page.height // 2), Image.Resampling.LANCZOS) for page in pages]
    codes = [sorted(code.text for code in zxingcpp.read_barcodes(half)) for half in halves]
    assert codes == [[one.verify_url for one in of[:each]], [of[each].verify_url]]
    assert min(extent(pages[0])) >= least


@pytest.mark.parametrize(("product", "size"), [("cards", (297, 210)), ("strips", (210, 297)), ("pages", (297, 210))])
def test_pages_are_a4_at_300_dpi_with_names_that_are_found(
    product: str, size: tuple[int, int], chain: FontChain
) -> None:
    page = made(product, faces(1), chain).pages[0]
    assert [round(float(side) * 25.4 / 72) for side in page.mediabox[2:]] == list(size)
    assert "张三" in page.extract_text() and "JYA202600000" in page.extract_text()
    if product != "pages":
        assert picture(page).size == (mm(size[0]), mm(size[1]))


def test_cards_are_id_1_with_bleed_and_marks_outside_of_it(chain: FontChain) -> None:
    assert (mm(91.6), mm(60)) == printing_card.CARD_SIZE
    slots = list(printing_sheets.card_slots())
    assert min(slots) >= (10, 14) and max(x for x, _ in slots) + 91.6 <= 297 - 10
    page = picture(made("cards", faces(1), chain).pages[0]).convert("L")
    left, top = slots[0]
    # A black line above each cut, none in the bleed between them.
    light = [page.crop((x, y, x + 1, y + 1)).tobytes()[0] for x, y in (
        (mm(left + 3), mm(top - 3)), (mm(left + 3 + 85.6), mm(top - 3)), (mm(left + 3), mm(top + 30)),
    )]  # fmt: skip
    assert light[0] < 60
    assert light[1] < 60
    assert light[2] > 200


def test_nothing_that_is_read_comes_near_the_cut(chain: FontChain) -> None:
    for face in faces(10):
        card = printing_card.draw_card(face, chain).convert("L")
        body = (0, mm(3 + 12) + 2, card.width, mm(3 + 54 - 1) - 2)
        ink = card.crop(body).point(lambda value: 255 if value < 200 else 0).getbbox()
        assert ink is not None and ink[0] >= mm(6) and ink[2] <= card.width - mm(6)


def test_names_that_no_font_draws_are_refused_not_drawn_as_boxes(chain: FontChain) -> None:
    for draw in (printing_card.draw_card, printing_card.draw_strip):
        with pytest.raises(MissingGlyphs):
            draw(dataclasses.replace(FACE, holder_name="张\U0003fffd"), chain)


def test_a_test_certificate_is_crossed_on_paper_too(chain: FontChain) -> None:
    plain, crossed = FACE, dataclasses.replace(FACE, watermark="测试")
    for draw in (printing_card.draw_card, printing_card.draw_strip):
        assert draw(plain, chain).tobytes() != draw(crossed, chain).tobytes()


def test_the_same_order_gives_the_same_bytes(chain: FontChain) -> None:
    one, again = (
        pdf_of(printing_sheets.pages(SHEETS["cards"], [Printed(f, jpeg) for f in faces(2)], chain), title="x")
        for _ in range(2)
    )
    assert one == again
