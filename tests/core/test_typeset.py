"""Chinese line breaking, fitting and drawing."""

import pytest
from PIL import Image, ImageChops

from chengjiu_mp.core.typeset import NoRoom, Style, break_lines, draw_fitted, draw_line, fit, width_of
from tests.pictures import fonts

NOTICE = "您好，“江阴市急救培训”（2026年11月28日）举办 CPR+AED 持证培训，请提前15分钟到场。欢迎！"


def style(size: int = 60, **more: float) -> Style:
    return Style(fonts(), size, (0, 0, 0), **more)


@pytest.mark.parametrize("width", range(420, 1500, 60))
def test_no_line_begins_with_closing_or_ends_with_opening_punctuation(width):
    lines = break_lines(NOTICE, style(), width)
    assert not any(line[0] in "，。！）”、" for line in lines)
    assert not any(line[-1] in "（“" for line in lines)


@pytest.mark.parametrize("width", range(420, 1500, 60))
def test_words_and_dates_stay_whole(width):
    lines = "\n".join(break_lines(NOTICE, style(), width))
    assert "2026年11月28日" in lines
    assert "CPR+AED" in lines


def test_breaking_loses_nothing_but_the_blanks_at_the_breaks():
    lines = break_lines(NOTICE, style(), 500)
    assert "".join(lines).replace(" ", "") == NOTICE.replace(" ", "")
    assert all(width_of(line, style()) <= 600 for line in lines)


def test_a_new_line_in_the_text_is_kept():
    assert break_lines("第一行\n第二行", style(), 2000) == ("第一行", "第二行")


def test_a_short_text_keeps_its_size():
    assert fit("张三", style(200), 2500, floor=100).style.size == 200


def test_a_text_shrinks_before_it_breaks():
    fitted = fit("古丽米热·阿卜杜热合曼", style(200), 1600, floor=100, max_lines=2)
    assert len(fitted.lines) == 1
    assert 140 < fitted.style.size < 200


def test_a_long_name_breaks_behind_its_interpunct():
    fitted = fit("阿卜·买买提艾力江玉素甫", style(100), 1000, floor=100, max_lines=2)
    assert fitted.lines == ("阿卜·", "买买提艾力江玉素甫")


def test_two_lines_are_evened_out():
    fitted = fit("国" * 26, style(100), 2500, floor=100, max_lines=2)
    assert [len(line) for line in fitted.lines] == [13, 13]


def test_a_latin_word_is_never_broken():
    fitted = fit("A" * 90, style(200), 1500, floor=100, max_lines=2)
    assert fitted.lines == ("A" * 90,)
    assert width_of(*fitted.lines, fitted.style) <= 1500


def test_the_height_is_kept_as_well():
    fitted = fit("国" * 40, style(200, leading=1.2), 2500, floor=20, max_lines=2, height=220)
    assert fitted.height <= 220


def test_what_fits_nowhere_is_refused_without_repeating_it():
    with pytest.raises(NoRoom) as caught:
        fit("张三" * 2000, style(), 100, floor=20)
    assert "张" not in str(caught.value)


@pytest.mark.parametrize(("align", "left"), [("left", 500), ("centre", 400), ("right", 300)])
def test_a_line_stands_where_it_is_aligned(align, left):
    page = Image.new("L", (1000, 200), 255)
    draw_line(page, (500, 150), "国国", Style(fonts(), 100, 0), align=align)
    box = ImageChops.invert(page).getbbox()
    assert box is not None
    assert left <= box[0] < left + 20
    assert box[2] <= left + 200


def test_tracking_widens_between_characters_only():
    assert width_of("国国国", style(tracking=10)) == width_of("国国国", style()) + 20


def test_the_last_baseline_is_returned():
    page = Image.new("L", (1000, 600), 255)
    fitted = fit("一\n二\n三", Style(fonts(), 50, 0, leading=2), 900, floor=50, max_lines=3)
    assert draw_fitted(page, (0, 100), fitted) == 300
