"""The certificate as people get it: readable code, right words in their boxes, the same bytes each time."""

import hashlib
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PIL import Image, ImageChops

from chengjiu_mp.certificates import picture
from chengjiu_mp.certificates.face import chinese_date
from chengjiu_mp.certificates.layout import NAME_BAND, NAME_BOX, PROOF_BAND, draw_name, draw_proof, static_page
from chengjiu_mp.certificates.paper import SIZE, paper
from chengjiu_mp.certificates.picture import UnknownTemplate, render, render_page
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.fonts import MissingGlyphs
from chengjiu_mp.core.strips import encode
from tests.pictures import UNDRAWN, VERIFY_URL, a_face, code_in, fonts, needs_hanamin, opened, worn

NAMES = (
    "张三", "李四", "王五", "赵六", "丁一", "卜一乙", "欧阳娜娜", "司马相如", "诸葛亮", "上官婉儿",
    "尉迟恭", "慕容复", "吕雉", "覃旻昊", "瞿麴颢", "龘靐齉", "王䶮", "陈㛃", "王𬍛", "李𠅤",
    "𬱖然", "古丽米热·阿卜杜热合曼", "买买提艾力·玉素甫江", "阿依古丽·吐尔逊·买买提明",
    "尼加提·阿不都热西提·伊明江", "扎西顿珠", "索南卓玛·次仁旺姆", "乌云其其格", "John Smith", "Nguyễn Thị Minh Khai",
    "Łukasz Żółć", "Jean-Luc d'Arcy", "Maximiliano Alessandro de la Cruz Fernández y Montemayor del Castillo",
    "A" * 100, "W" * 60 + " " + "M" * 39, "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff Senior",
    "国泰民安" * 12 + "国泰", "一" * 50, "龘" * 50, "阿" * 24 + "·" + "曼" * 25,
)  # fmt: skip


def ink_of(name: str) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """The band with only this name on it and the box of its ink, in pixels of the page."""
    top, rows = NAME_BAND
    band = Image.new("RGB", (SIZE[0], rows), "white")
    draw_name(band, a_face(holder_name=name), fonts())
    box = ImageChops.invert(band).getbbox()
    assert box is not None
    return band, (box[0], box[1] + top, box[2], box[3] + top)


@needs_hanamin
def test_forty_names_keep_inside_their_box(tmp_path):
    sheet = Image.new("RGB", (SIZE[0] // 2, 20 * NAME_BAND[1] // 4), "white")
    outside = []
    for number, name in enumerate(NAMES):
        band, ink = ink_of(name)
        small = band.resize((SIZE[0] // 4, NAME_BAND[1] // 4))
        sheet.paste(small, (number % 2 * small.width, number // 2 * small.height))
        if ink[0] < NAME_BOX[0] or ink[1] < NAME_BOX[1] or ink[2] > NAME_BOX[2] or ink[3] > NAME_BOX[3]:
            outside.append((name, ink))
    sheet.save(tmp_path / "names.png")
    assert len(NAMES) == 40
    assert outside == []


@pytest.mark.parametrize("name", ["张三", "国泰民安" * 12 + "国泰", "A" * 100])
def test_a_name_changes_no_pixel_outside_its_box(name):
    blank = a_face(holder_name="\t", number="1")
    changed = ImageChops.difference(
        render_page(replace(blank, holder_name=name), fonts()), render_page(replace(blank, holder_name=" "), fonts())
    ).getbbox()
    assert changed is not None
    assert NAME_BOX[0] <= changed[0] < changed[2] <= NAME_BOX[2]
    assert NAME_BOX[1] <= changed[1] < changed[3] <= NAME_BOX[3]


@needs_hanamin
def test_rare_names_are_drawn_in_full():
    _, wide = ink_of("王𡚸𬺘𨰻")
    _, narrow = ink_of("王𡚸")
    assert wide[2] - wide[0] > narrow[2] - narrow[0]


def test_a_name_without_a_font_is_refused_with_all_its_code_points():
    with pytest.raises(MissingGlyphs) as caught:
        render(a_face(holder_name=f"王{UNDRAWN}", run_title="第\ue001期"), fonts())
    assert set(caught.value.codepoints) == {"U+2EBF0", "U+E001"}


@pytest.mark.parametrize("fmt", ["jpeg", "png"])
def test_a4_at_300_dpi(fmt):
    image = opened(render(a_face(), fonts(), fmt))
    assert image.format == fmt.upper()
    assert image.size == (3508, 2480)
    assert [round(value) for value in image.info["dpi"]] == [300, 300]


@pytest.mark.parametrize("fmt", ["jpeg", "png"])
def test_the_code_leads_to_the_verify_page(fmt):
    assert code_in(opened(render(a_face(), fonts(), fmt))) == VERIFY_URL


@pytest.mark.parametrize(("quality", "turned"), [(95, 0), (60, 0), (60, 10), (60, -10)])
def test_the_code_survives_a_bad_trip(quality, turned):
    image = opened(render(a_face(), fonts()))
    assert code_in(worn(image, share=0.5, quality=quality, turned=turned)) == VERIFY_URL


def test_the_code_is_at_least_25_mm_wide():
    band = Image.new("RGB", (SIZE[0], PROOF_BAND[1]), "white")
    draw_proof(band, a_face(number=" "), fonts())
    box = ImageChops.invert(band).getbbox()
    assert box is not None
    assert (box[2] - box[0]) / 300 * 25.4 >= 25


@pytest.mark.parametrize("fmt", ["jpeg", "png"])
def test_the_same_face_gives_the_same_bytes(fmt):
    first = hashlib.sha256(render(a_face(), fonts(), fmt)).hexdigest()
    picture._shared_page.cache_clear()
    paper.cache_clear()
    assert hashlib.sha256(render(a_face(), fonts(), fmt)).hexdigest() == first


@pytest.mark.parametrize(
    ("changes", "sha256"),
    [
        ({}, "fe38604b65a9adc43f59870080c188ee178a6e7cb576f1a6bb546fceaeb4011d"),
        (
            {"holder_name": "古丽米热·阿卜杜热合曼", "document_tail": "**************12X4"},
            "ff03f5115b2176e8bbced013f2f6f340b2b335e1c47b9c40ad8c49dcb3a440af",
        ),
        (
            {"watermark": "测试", "valid_until": None},
            "ca7469a84e569cc03c6c3ce9501c324a91922538b97da180247321d7e4bf4153",
        ),
    ],
)
def test_the_first_design_is_drawn_as_it_was_issued(changes, sha256):
    # What was issued can be made again to the byte (rel-I10): another hash here is another design, so another version.
    assert hashlib.sha256(render(a_face(**changes), fonts())).hexdigest() == sha256


def test_the_quick_way_gives_the_bytes_of_the_whole_page():
    face = a_face(holder_name="古丽米热·阿卜杜热合曼", document_tail="**************12X4")
    assert render(face, fonts()) == encode(render_page(face, fonts()), 300)


def test_a_holder_leaves_no_trace_on_the_next_certificate():
    alone = render(a_face(holder_name="李四"), fonts())
    render(a_face(holder_name="国" * 50, document_tail="12X4", number="JY" + "9" * 30), fonts())
    assert render(a_face(holder_name="李四"), fonts()) == alone


@pytest.mark.parametrize(
    "change",
    [
        {"holder_name": "李四"},
        {"number": "JY2"},
        {"document_tail": "*12X4"},
        {"verify_url": "https://x.cn/v/2"},
        {"valid_until": None},
        {"issued_on": date(2026, 1, 2)},
        {"hours": Decimal(8)},
        {"kind_name": "救护员"},
        {"run_title": "第二期"},
        {"syllabus": "2025版"},
        {"issuer": "某会"},
        {"title": "电子证书"},
        {"watermark": "测试"},
    ],
)
def test_every_fact_shows(change):
    assert render(a_face(**change), fonts()) != render(a_face(), fonts())


def test_the_ending_of_the_document_number_shows():
    one, other = (render(a_face(document_tail=tail), fonts()) for tail in ("*12X4", "*12X5"))
    assert one != other


def test_the_holders_of_one_run_share_a_page():
    other = a_face(holder_name="李四", number="JY2", verify_url="https://x.cn/v/2", document_tail="*12X4")
    assert other.shared() == a_face().shared()


@pytest.mark.parametrize("length", [10, 22, 33, 45, 70])
def test_a_long_run_title_keeps_clear_of_its_neighbours(length):
    title = ("某某街道网格员与物业人员培训班" * 5)[:length]
    short, long = (static_page(a_face(run_title=words), fonts()) for words in ("\t", title))
    box = ImageChops.difference(short, long).getbbox()
    assert box is not None
    # Between the baseline of its own label and the top of the label below, left of the second column.
    assert 1950 - 70 <= box[1] < box[3] <= 2104 - 72 - 34
    assert box[2] < mm(124)


def test_a_template_of_another_release_is_refused():
    with pytest.raises(UnknownTemplate):
        render(a_face(template="1999-1"), fonts())


def test_the_watermark_leaves_the_code_readable():
    assert code_in(worn(opened(render(a_face(watermark="测试"), fonts())), share=0.5, quality=60)) == VERIFY_URL


def test_an_emblem_is_drawn_unaltered_on_white():
    art = Image.new("RGBA", (120, 120), (0, 128, 0, 255))
    out = io.BytesIO()
    art.save(out, "PNG")
    page = render_page(a_face(emblem=out.getvalue()), fonts())
    assert page.getpixel((SIZE[0] // 2, 320)) == (0, 128, 0)
    assert page.getpixel((SIZE[0] // 2, 320 - 66)) == (255, 255, 255)


def test_nothing_of_the_holder_is_in_the_files_metadata():
    data = render(a_face(), fonts())
    assert set(opened(data).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


def test_dates_have_no_leading_zeros():
    assert chinese_date(date(2029, 1, 7)) == "2029年1月7日"
