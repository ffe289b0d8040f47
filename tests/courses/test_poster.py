"""Poster and ticket: the code is read, long words wrap, nothing is a box."""

from dataclasses import replace

import pytest
from PIL import ImageChops

from chengjiu_mp.core.fonts import MissingGlyphs
from chengjiu_mp.courses.poster import PosterFace, render_poster
from chengjiu_mp.courses.ticket_picture import TicketFace, render_ticket
from tests.pictures import UNDRAWN, code_in, fonts, opened, worn

RUN_URL = "https://jiuhu.example.cn/s/abcdefghijklmnopqrstuv2345"
TICKET_URL = "https://jiuhu.example.cn/i/abcdefghijklmnopqrstuv2345"
POSTER = PosterFace(
    kind_name="心肺复苏与自动体外除颤（CPR+AED）",
    title="学会急救，守护家人",
    dates=("11月28日（周六）14:00",),
    place_name="应急救护体验馆",
    address="江阴市某某路1号文化中心东楼二层",
    seats=40,
    organiser="江阴市红十字会",
    counts_for="4 学时，考核合格发 CPR+AED 电子证书",
    url=RUN_URL,
    short_url=RUN_URL.removeprefix("https://"),
    phone="0510-0000 0000",
)
CROWDED = replace(
    POSTER,
    title="某某街道社区工作者、网格员与物业服务人员红十字救护员持证培训班（2026年第十二期）" * 2,
    dates=tuple(f"11月{day}日（周六）09:00 – 16:30" for day in (14, 21, 28, 29)),
    place_name="某某街道社区卫生服务中心临港分院综合楼培训教室" * 2,
    address="江苏省无锡市江阴市某某街道人民中路与环城北路交叉口东南角便民服务大厅三楼多功能会议室" * 4,
    counts_for="16 学时，理论与实操考核合格发红十字救护员电子证书，三年有效" * 2,
    notice="请穿便于活动的衣服，孕妇和关节损伤者不宜参加" * 2,
)
TICKET = TicketFace(
    url=TICKET_URL,
    code="K7M2QX",
    name="欧阳娜娜",
    run_title="CPR+AED持证培训（第12期）",
    when="11月28日（周六）14:00",
    place_name="应急救护体验馆",
    address="江阴市某某路1号文化中心东楼二层",
)


@pytest.mark.parametrize("face", [POSTER, CROWDED, replace(POSTER, phone=None)])
def test_a_poster_is_an_a4_page_whose_code_leads_to_the_run(face):
    data = render_poster(face, fonts())
    image = opened(data)
    assert image.size == (2480, 3508)
    assert round(image.info["dpi"][0]) == 300
    assert code_in(worn(image, share=0.5, quality=60, turned=10)) == RUN_URL
    assert len(data) < 1_000_000


def test_the_poster_is_read_from_afar():
    # A phone three metres away gives the whole sheet some 400 pixels of width.
    assert code_in(worn(opened(render_poster(POSTER, fonts())), share=400 / 2480, quality=80)) == RUN_URL


def test_the_code_panel_stays_where_it_is_however_crowded_the_words():
    below = (0, 2340, 1200, 3508)
    quiet, crowded = (opened(render_poster(face, fonts())).convert("L").crop(below) for face in (POSTER, CROWDED))
    assert quiet.tobytes() == crowded.tobytes()


@pytest.mark.parametrize("around", [(0, 0, 2480, 585), (0, 1340, 2480, 2320)])
@pytest.mark.parametrize("length", [12, 24, 36, 80])
def test_a_long_title_keeps_to_its_place_in_the_banner(length, around):
    quiet, crowded = (
        opened(render_poster(replace(POSTER, title=title), fonts())).convert("L").crop(around)
        for title in (POSTER.title, CROWDED.title[:length])
    )
    # The palette is chosen for each poster, so equal greys may differ by a shade.
    assert max(ImageChops.difference(quiet, crowded).tobytes()) < 16


def test_crowded_facts_keep_clear_of_the_rules_between_them():
    column = opened(render_poster(CROWDED, fonts())).convert("L").crop((480, 1345, 2280, 2310))
    rows = [column.crop((0, y, column.width, y + 1)).tobytes() for y in range(column.height)]
    rules = [y for y, row in enumerate(rows) if max(row) < 250]
    assert [len(rules), len({y // 20 for y in rules})] == [9, 3]
    assert all(min(rows[y + step]) > 250 for y in rules[::3] for step in (-2, 4))


def test_a_poster_is_the_same_each_time():
    assert render_poster(POSTER, fonts()) == render_poster(POSTER, fonts())


@pytest.mark.parametrize(
    "changed",
    [
        replace(POSTER, kind_name="急救"),
        replace(POSTER, title="急救"),
        replace(POSTER, dates=("12月1日（周二）09:00",)),
        replace(POSTER, place_name="急救"),
        replace(POSTER, address="急救"),
        replace(POSTER, seats=41),
        replace(POSTER, organiser="急救"),
        replace(POSTER, counts_for="急救"),
        replace(POSTER, programme="急救"),
        replace(POSTER, phone=None),
        replace(POSTER, notice="急救"),
    ],
)
def test_every_word_of_the_poster_shows(changed):
    assert render_poster(changed, fonts()) != render_poster(POSTER, fonts())


def test_a_poster_with_a_missing_glyph_is_refused():
    with pytest.raises(MissingGlyphs) as caught:
        render_poster(replace(POSTER, title="第\ue001期", address=f"某{UNDRAWN}路"), fonts())
    assert caught.value.codepoints == ("U+E001", "U+2EBF0")


@pytest.mark.parametrize("name", ["张三", "古丽米热·阿卜杜热合曼·买买提艾力·玉素甫江", "国" * 50, "A" * 100])
def test_a_ticket_is_a_phone_screen_whose_code_opens_it(name):
    image = opened(render_ticket(replace(TICKET, name=name, address=CROWDED.address), fonts()))
    assert image.size == (1080, 1920)
    assert code_in(worn(image, share=0.4, quality=60, turned=10)) == TICKET_URL


LONG_LATIN = "Wijesinghe Arachchilage Don Chandrasekhara Mudiyanselage Ranasinghe Bandaranayake Kumaratunga Senana"


@pytest.mark.parametrize("latin", ["Müller-O'Hara Anna M.", LONG_LATIN, "W" * 100])
def test_a_latin_name_shows_on_the_ticket_and_keeps_to_its_lines(latin):
    crowded = replace(TICKET, name="国" * 50, place_name=CROWDED.place_name, address=CROWDED.address)
    image = opened(render_ticket(replace(crowded, latin=latin), fonts()))
    plain = opened(render_ticket(crowded, fonts()))
    assert image.tobytes() != plain.tobytes()
    # Nothing runs out over the card's edge or into the line of what to bring.
    for box in ((980, 1310, 1080, 1872), (0, 1755, 1080, 1920)):
        assert image.crop(box).tobytes() == plain.crop(box).tobytes()
    assert code_in(worn(image, share=0.4, quality=60, turned=10)) == TICKET_URL


def test_a_ticket_is_the_same_each_time():
    assert render_ticket(TICKET, fonts()) == render_ticket(TICKET, fonts())


def test_the_spoken_code_shows():
    assert render_ticket(TICKET, fonts()) != render_ticket(replace(TICKET, code="K7M2QY"), fonts())


def test_a_ticket_with_a_missing_glyph_is_refused():
    with pytest.raises(MissingGlyphs) as caught:
        render_ticket(replace(TICKET, name=f"王{UNDRAWN}", address="\ue001路"), fonts())
    assert caught.value.codepoints == ("U+2EBF0", "U+E001")
