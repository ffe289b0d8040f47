"""What WeChat takes in message fields and scenes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengjiu_mp.wechat.fields import _JUDGES, field_fits, field_kind, scene_fits, shorten
from tests.properties import steady

anything = st.text(st.characters(codec=None), max_size=40)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("thing", "江" * 20),
        ("number", "12.5"),
        ("letter", "A" * 32),
        ("symbol", "@#%*-"),
        ("character_string", "JY2026-00123"),
        ("time", "2026年12月5日 14:30"),
        ("time", "09:00~11:30"),
        ("date", "2026.12.05"),
        ("date", "2026-12-05 09:00~11:30"),
        ("amount", "¥12.50元"),
        ("phone_number", "+86-0510-86801234"),
        ("car_number", "粤A8Z888挂"),
        ("name", "A" * 20),
        ("phrase", "一二三四五"),
    ],
)
def test_taken(kind, value):
    assert field_fits(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("thing", "江" * 21),
        ("thing", "澄江\n街道"),
        ("thing", " "),
        ("number", "1" * 33),
        ("letter", "a1"),
        ("symbol", "a"),
        ("character_string", "证号"),
        ("time", "24:00"),
        ("time", "2026-12-05"),
        ("date", "2026-02-30"),
        ("date", "14:30"),
        ("amount", "12345678901"),
        ("phone_number", "138****8000"),
        ("car_number", "苏市12345"),
        ("name", "扎西·次仁旺堆多吉平措"),
        ("phrase", "已通过!"),
        ("nothing", "x"),
    ],
)
def test_not_taken(kind, value):
    assert not field_fits(kind, value)


def test_the_digits_of_a_field_are_only_part_of_its_name():
    assert field_kind("thing13") == "thing"
    assert field_fits("thing13", "澄江街道")


@steady
@given(st.sampled_from([*_JUDGES, "nothing", ""]), anything)
def test_no_value_breaks_a_judge_and_no_control_character_passes(kind, value):
    if field_fits(kind, value):
        assert not any(ord(c) < 32 for c in value)
        assert value.strip()


@steady
@given(anything.filter(lambda text: any(c.isalnum() for c in text)))
def test_a_shortened_text_fits_and_stays_when_it_fits(value):
    cut = shorten(value)
    assert field_fits("thing", cut)
    assert shorten(cut) == cut


def test_a_long_text_is_cut_at_nineteen_with_an_ellipsis():
    assert shorten("江" * 21) == "江" * 19 + "…"
    assert shorten("澄江\n街道") == "澄江 街道"
    assert shorten("\U00020bb7" * 20) == "\U00020bb7" * 9 + "…"


@pytest.mark.parametrize("scene", ["s=12", "a" * 32, "!#$&'()*+,/:;=?@-._~"])
def test_scenes_taken(scene):
    assert scene_fits(scene)


@pytest.mark.parametrize("scene", ["", "a" * 33, "场次=12", "s%3D12", 's="x"', "a b", "a\n"])
def test_scenes_not_taken(scene):
    assert not scene_fits(scene)
