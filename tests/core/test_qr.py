"""Every code is read back by a scanner."""

import re
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from chengjiu_mp.core.qr import QUIET, QrTooSmall, qr_image, qr_svg, qr_terminal
from tests.pictures import VERIFY_URL, code_in, worn

LINKS = [f"https://jiuhu.example.cn/v/{'abcdefghijklmnopqrstuvwxyz'[n:]}{'7' * n}" for n in range(26)]


@pytest.mark.parametrize("link", LINKS)
def test_the_fixed_mask_is_read_whatever_the_token(link):
    assert code_in(qr_image(link, 400)) == link


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_all_levels_are_read_after_a_bad_trip(level):
    picture = qr_image(VERIFY_URL, 440, level=level)
    assert code_in(worn(picture, share=0.5, quality=60, turned=10)) == VERIFY_URL


def test_chinese_text_is_read_back():
    assert code_in(qr_image("江阴市红十字会 䶮", 400)) == "江阴市红十字会 䶮"


def test_the_picture_has_the_size_asked_for_and_a_quiet_zone():
    picture = qr_image(VERIFY_URL, 413)
    dark = picture.point(lambda value: 255 - value).getbbox()
    assert picture.size == (413, 413)
    assert dark is not None
    side = (dark[2] - dark[0]) / 33
    assert side == int(side)
    assert dark[0] >= QUIET * side


def test_too_few_pixels_are_refused():
    with pytest.raises(QrTooSmall):
        qr_image(VERIFY_URL, 40)


def test_the_svg_draws_the_same_modules():
    root = ET.fromstring(qr_svg(VERIFY_URL, label="报名 <二维码>"))
    side = int(root.attrib["viewBox"].split()[2])
    picture = Image.new("L", (side, side), 255)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", root[1].attrib["d"]):
        picture.paste(0, (int(x), int(y), int(x) + int(width), int(y) + 1))
    assert code_in(picture.resize((side * 8, side * 8), Image.Resampling.NEAREST)) == VERIFY_URL
    assert root.attrib["aria-label"] == "报名 <二维码>"


def test_the_svg_needs_no_style_and_no_script():
    assert not re.search(r"style|script|\son\w+=", qr_svg(VERIFY_URL))


def test_the_terminal_text_is_a_code_in_half_blocks():
    lines = qr_terminal(VERIFY_URL, ansi=False).split("\n")
    picture = Image.new("L", (len(lines[0]), 2 * len(lines)), 255)
    for y, line in enumerate(lines):
        for x, mark in enumerate(line):
            picture.putpixel((x, 2 * y), 0 if mark in "▄ " else 255)
            picture.putpixel((x, 2 * y + 1), 0 if mark in "▀ " else 255)
    assert code_in(picture.resize((picture.width * 8, picture.height * 8), Image.Resampling.NEAREST)) == VERIFY_URL


def test_terminal_colours_are_reset_at_each_line():
    lines = qr_terminal(VERIFY_URL).split("\n")
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
