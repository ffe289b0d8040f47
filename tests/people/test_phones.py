"""Phone numbers: one way to store them, whatever is typed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengjiu_mp.people.phones import PhoneRefused, mask_phone, read_phone
from tests.properties import steady

numbers = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
typed = st.one_of(st.text(), st.text(alphabet="0123456789+- ()*\u202a\uff11", max_size=20))


@steady
@given(numbers, st.sampled_from(["", "+86", "0086", "86", "+86 ", "(+86)", "\u202a+86-"]))
def test_one_number_however_written(number, prefix):
    reading = read_phone(f"{prefix}{number[:3]} {number[3:7]}-{number[7:]}\n")
    assert (reading.number, reading.sms, reading.warnings) == (number, True, ())


@steady
@given(typed)
def test_no_text_breaks_the_reader_and_reading_again_changes_nothing(raw):
    try:
        reading = read_phone(raw)
    except PhoneRefused:
        return
    assert read_phone(reading.number) == reading
    assert re.fullmatch(r"1[0-9]{10}|\+[0-9]{7,15}", reading.number)


@steady
@given(typed)
def test_no_refusal_repeats_what_was_typed(raw):
    try:
        read_phone(raw)
    except PhoneRefused as refused:
        told = f"{refused.sentence} {refused} {refused.facts}"
        assert not any(run in told for run in re.findall("[0-9]{6}", raw))


@pytest.mark.parametrize("raw", ["+852 9123 4567", "00853-66123456", "+1 415 555 2671", "+8860912345678"])
def test_a_number_abroad_is_kept_without_sms(raw):
    reading = read_phone(raw)
    assert (reading.number[0], reading.sms, reading.warnings) == ("+", False, ("phone_no_sms",))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "phone_empty"),
        ("138****8000", "phone_masked"),
        ("1380013800O", "phone_characters"),
        ("1380013800", "phone_length"),
        ("91234567", "phone_length"),
        ("0510-86801234", "phone_landline"),
        ("400-820-8820", "phone_landline"),
        ("12000000000", "phone_range"),
        ("1440000000000", "phone_machine"),
        ("+852 1234567", "phone_foreign"),
        ("0912345678", "phone_foreign"),
    ],
)
def test_each_reason_has_its_own_code(raw, code):
    with pytest.raises(PhoneRefused) as caught:
        read_phone(raw)
    assert (caught.value.code, caught.value.field) == (code, "phone")


@pytest.mark.parametrize(
    ("number", "masked"),
    [("13800138000", "138****8000"), ("+85291234567", "+852****67"), ("+1234567", "****")],
)
def test_masks(number, masked):
    assert mask_phone(number) == masked
