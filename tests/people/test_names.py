"""Names: what is stored, what is refused, how they are masked and sorted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengjiu_mp.people import han, names
from chengjiu_mp.people.names import NameRefused, mask_name, read_name, sort_key
from tests.properties import steady

han_characters = st.sampled_from([first for first, _ in han.RANGES] + [last for _, last in han.RANGES]).map(chr)
typed = st.one_of(
    st.text(),
    st.text(alphabet="张三司马李〇々\u00b7\u2022. -'’,ABcé\u0301\u200b\uf9dc\u2f42", max_size=60),
    st.text(alphabet=st.characters(codec=None), max_size=20),
)


@steady
@given(typed)
def test_no_text_breaks_the_reader_and_reading_again_changes_nothing(raw):
    try:
        name = read_name(raw).name
    except NameRefused:
        return
    assert read_name(name).name == name
    assert mask_name(name) != name
    assert sort_key(name)


@steady
@given(typed)
def test_a_taken_name_holds_nothing_invisible_and_no_formula(raw):
    try:
        name = read_name(raw).name
    except NameRefused:
        return
    assert name == name.strip()
    assert name[0] not in "=+-@"
    assert not re.search("[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff0-9*<>]", name)


@steady
@given(st.text(alphabet=han_characters, min_size=2, max_size=50))
def test_every_block_of_han_characters_is_taken_as_it_stands(raw):
    assert read_name(raw) == (reading := read_name(raw))
    assert (reading.name, reading.warnings) == (raw, ())


@steady
@given(st.text(alphabet="0123456789一", min_size=6))
def test_no_refusal_repeats_what_was_typed(raw):
    try:
        read_name(raw)
    except NameRefused as refused:
        told = f"{refused.sentence} {refused} {refused.facts}"
        assert not any(run in told for run in re.findall("[0-9]{6}", raw))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (" \u3000", "name_empty"),
        ("阿" * 51, "name_too_long"),
        ("A" * 101, "name_too_long"),
        ("张三" + "\u200b" * 1000, "name_too_long"),
        ("张*", "name_masked"),
        ("李\ue000", "name_private_character"),
        ("李\U000f0000", "name_private_character"),
        ("张\u202e三", "name_direction"),
        ("张三1", "name_digits"),
        ("·张三", "name_dots"),
        ("张··三", "name_dots"),
        ("古丽-买买提", "name_dots"),
        ("张三、李四", "name_several"),
        ("山田たろう", "name_script"),
        ("김철수", "name_script"),
        ("张三😀", "name_characters"),
        ("<b>张三</b>", "name_characters"),
        ('=HYPERLINK("x")', "name_characters"),
        ("\ud800", "name_characters"),
    ],
)
def test_each_reason_has_its_own_code(raw, code):
    with pytest.raises(NameRefused) as caught:
        read_name(raw)
    assert (caught.value.code, caught.value.field) == (code, "name")


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        ("李\uf9dc", "name_compatibility"),
        ("司马 Lily", "name_mixed_scripts"),
        ("张", "name_single_character"),
        ("佐々木", "name_iteration_mark"),
        ("阿卜杜 热合曼", "name_parts_joined"),
    ],
)
def test_what_is_unusual_is_for_staff_and_blocks_nobody(raw, warning):
    reading = read_name(raw)
    assert (reading.warnings, reading.raw) == ((warning,), raw)


@pytest.mark.parametrize("dot", "\u00b7\u2022\u2027\u2219\u22c5\u30fb\uff65\u0387.\uff0e\u3002")
def test_one_interpunct_however_typed(dot):
    assert read_name(f"古丽{dot}买买提").name == "古丽\u00b7买买提"


def test_a_full_stop_stays_one_in_latin_names():
    assert read_name("J. R. Smith Jr.").name == "J. R. Smith Jr."


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧*"),
        ("張簡君雅", "張簡**"),
        ("张", "张*"),
        ("古丽\u00b7买买提", "古丽***"),
        ("阿卜杜热西提\u00b7买买提", "阿卜杜***"),
        ("阿卜杜热合曼", "阿卜杜***"),
        ("\U00020bb7野家", "\U00020bb7**"),
        ("JOHN SMITH", "J***"),
        ("'t Hooft", "t***"),
        ("", ""),
    ],
)
def test_masks_for_public_pages(name, masked):
    assert mask_name(name) == masked


def test_lists_sort_by_pinyin_with_the_readings_of_surnames():
    names = ["张三", "单飞", "单于飞", "曾国", "仇英", "李\U000323b0", "李四", "李飞", "章三", "Adam"]
    ordered = ["Adam", "单于飞", "李飞", "李四", "李\U000323b0", "仇英", "单飞", "曾国", "张三", "章三"]
    assert sorted(names, key=sort_key) == ordered


def test_what_is_taken_as_it_stands_is_what_all_the_rules_leave_as_it_is():
    every = [chr(code) for code in range(0x4E00, 0xA000)]
    for name in [*(f"张{c}" for c in every), *(f"{c}三" for c in every), *(c * 50 for c in every)]:
        assert read_name(name) == names._read_by_the_rules(name) == names.NameReading(name, name, ())


@pytest.mark.parametrize(
    "odd", ["张", "张 三", "张三 ", "张三\n", "张三a", "张三\u00b7", "张\u3400", "张\ufa0e", "张〇", "张" * 51, ""]
)
def test_nothing_else_is_taken_as_it_stands(odd):
    assert not names._PLAIN.fullmatch(odd)
