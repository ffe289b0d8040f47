"""The poster of a month: every number of runs fits, the code is read, long names are cut and not boxed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageChops

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.fonts import MissingGlyphs
from chengjiu_mp.courses.links import filter_of, link_by_token, link_to, link_token
from chengjiu_mp.courses.month import month_of, runs_to_print
from chengjiu_mp.courses.month_poster import MOST, MonthFace, MonthRow, render_month
from chengjiu_mp.courses.pictures import month_face
from tests import factories
from tests.pictures import UNDRAWN, code_in, fonts, opened, worn

URL = "https://jiuhu.example.cn/s/abcdefghijklmnopqrstuv2345"
ROW = MonthRow("12月5日（周六）", "14:00–17:00", "CPR+AED 公益培训", "应急救护体验馆")
LONG = replace(
    ROW, time="09:00起，至12月31日", title="某某街道社区工作者与物业服务人员红十字救护员持证培训班（第十二期）" * 3,
    place="某某街道社区卫生服务中心临港分院综合楼培训教室" * 4,
)  # fmt: skip


def face(count: int = 5, row: MonthRow = ROW, **changes: Any) -> MonthFace:
    given = MonthFace(
        title="12月应急救护培训", subtitle="澄江街道", place="", rows=(row,) * count, organiser="江阴市红十字会", url=URL,
        short_url=URL.removeprefix("https://"), phone="0510-0000 0000",
    )  # fmt: skip
    return replace(given, **changes)


def page(of: MonthFace) -> Image.Image:
    return opened(render_month(of, fonts())).convert("L")


@pytest.mark.parametrize("row", [ROW, LONG, replace(ROW, place=""), replace(LONG, place="")])
@pytest.mark.parametrize("count", [0, 1, 12, 13, 25, 40])
def test_every_number_of_runs_fits_between_banner_and_code(count: int, row: MonthRow) -> None:
    image = opened(render_month(face(count, row), fonts()))
    assert (image.size, round(image.info["dpi"][0])) == ((2480, 3508), 300)
    assert code_in(worn(image, share=0.4, quality=60, turned=8)) == URL
    empty = page(face(0, subtitle="澄江街道"))
    # The margins at both sides of the list, and all below its end, are as without any run; the palette may differ.
    for box in ((0, 1000, 170, 2380), (2310, 1000, 2480, 2380), (0, 2382, 2480, 3508)):
        assert max(ImageChops.difference(image.convert("L").crop(box), empty.crop(box)).tobytes()) < 40


def test_what_does_not_fit_is_behind_the_code() -> None:
    below = (0, 2300, 2480, 2400)
    full, more = (page(face(count)) for count in (MOST, MOST + 1))
    assert full.crop(below).tobytes() != more.crop(below).tobytes()
    assert page(face(MOST + 1)).tobytes() == page(face(60)).tobytes()


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize("field", ["day", "time", "title", "place"])
def test_every_word_of_a_row_shows(count: int, field: str) -> None:
    changed = replace(ROW, **{field: "12月6日（周日）" if field == "day" else "急救"})
    assert render_month(face(count, changed), fonts()) != render_month(face(count), fonts())


@pytest.mark.parametrize("changes", [{"title": "急救"}, {"subtitle": "急救"}, {"place": "急救"}, {"phone": None}])
def test_every_word_around_the_list_shows(changes: dict[str, Any]) -> None:
    assert render_month(face(**changes), fonts()) != render_month(face(), fonts())


def test_a_missing_glyph_is_refused_by_the_drawing_and_written_out_by_the_words(app: Flask) -> None:
    with pytest.raises(MissingGlyphs):
        render_month(face(1, replace(ROW, title=f"某{UNDRAWN}班")), fonts())
    with factories.made():
        factories.run(title=f"某{UNDRAWN}班", starts_in=timedelta(days=12))
        town = factories.unit().id
    with unit_of_work():
        link = link_by_token(link_token(link_to("unit", town)))
    made = month_face(link, date(2026, 12, 1), runs_to_print(date(2026, 12, 1), filter_of(link.link)), fonts())
    assert made.rows[0].title == "某(U+2EBF0)班"
    assert (made.title, made.subtitle) == ("12月应急救护培训", "澄江街道")
    # All in one place: it stands once, above.
    assert (made.rows[0].place, made.place) == ("", "澄江街道应急救护培训基地，江阴市澄江中路 1 号")


def test_a_month_lists_what_is_public_and_still_to_come(app: Flask) -> None:
    with factories.made():
        town = factories.unit().id
        others: dict[str, dict[str, Any]] = {
            "草稿": {"state": "draft"}, "取消": {"state": "cancelled"}, "早上": {"starts_in": timedelta(hours=-4)},
            "下月": {"starts_in": timedelta(days=8)}, "晚": {"starts_in": timedelta(days=7)}, "早": {},
            "别镇": {"unit_id": factories.unit("nanzha").id},
        }  # fmt: skip
        for title, values in others.items():
            factories.run(title=title, **values)
    with unit_of_work():
        narrow = filter_of(link_to("unit", town))
    assert [one.run.title for one in runs_to_print(date(2026, 11, 1), narrow)] == ["早", "晚"]


@pytest.mark.parametrize(
    ("text", "first"),
    [("2026-12", (2026, 12)), ("2026-13", (2026, 11)), ("x", (2026, 11)), (None, (2026, 11)), ("2099-12", (2098, 12)),
     ("2026-1", (2026, 11)), ("2001-01", (2020, 1))],
)  # fmt: skip
def test_a_month_is_read_from_the_address(app: Flask, text: str | None, first: tuple[int, int]) -> None:
    assert month_of(text) == date(*first, 1)
    assert clock.today() == date(2026, 11, 23)
