"""Identity documents: what a typed number is, and why it is not taken."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chengjiu_mp.people import document_refusals as refusals
from chengjiu_mp.people.documents import (
    DocType,
    DocumentRefused,
    Verdict,
    age_on,
    last4,
    mask_document,
    read_document,
    retype_sentence,
)
from chengjiu_mp.people.resident_number import PROVINCES, check_character, from_15
from tests.properties import steady

TODAY = date(2026, 11, 23)
RESIDENT = DocType.RESIDENT_ID
SPECIMEN = "32028119850615004X"

provinces = st.sampled_from(sorted(PROVINCES - {"71", "81", "82"}))
births = st.dates(date(1930, 1, 1), TODAY)


@st.composite
def resident_numbers(draw: st.DrawFn) -> str:
    county, order = draw(st.integers(0, 9999)), draw(st.integers(0, 999))
    body = f"{draw(provinces)}{county:04}{draw(births):%Y%m%d}{order:03}"
    return body + check_character(body)


typed = st.one_of(
    st.text(),
    st.text(alphabet="0123456789XxEHMA*-() ·Х\u200b", max_size=24),
    st.from_regex(r"[0-9]{14,19}[0-9X]?", fullmatch=True),
)
chosen_types = st.sampled_from([None, *DocType])


@steady
@given(resident_numbers())
def test_every_resident_number_is_taken_as_it_stands(number):
    reading = read_document(number, RESIDENT, today=TODAY)
    assert (reading.verdict, reading.number) == (Verdict.ACCEPT, number)
    assert reading.birth == date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    assert reading.gender == ("male" if number[16] in "13579" else "female")


@steady
@given(resident_numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes_as_that_document(number, place, shift):
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    try:
        reading = read_document(wrong, RESIDENT, today=TODAY)
    except DocumentRefused:
        return
    assert reading.doc_type is not RESIDENT


@steady
@given(resident_numbers(), st.integers(0, 16))
def test_two_neighbours_swapped_are_caught(number, place):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assume(swapped != number)
    with pytest.raises(DocumentRefused):
        read_document(swapped, None, today=TODAY)


@steady
@given(typed, chosen_types)
def test_no_text_breaks_the_reader_and_reading_again_changes_nothing(raw, chosen):
    try:
        reading = read_document(raw, chosen, today=TODAY)
    except DocumentRefused:
        return
    again = read_document(reading.number, reading.doc_type, today=TODAY)
    assert (again.number, again.doc_type) == (reading.number, reading.doc_type)
    assert re.fullmatch("[0-9A-Z]{5,20}", reading.number)


@steady
@given(typed, chosen_types)
def test_no_refusal_repeats_what_was_typed(raw, chosen):
    try:
        read_document(raw, chosen, today=TODAY)
    except DocumentRefused as refused:
        told = f"{refused.sentence} {refused} {refused.facts}"
        assert not any(run in told for run in six_digit_runs(raw))


def six_digit_runs(text: str) -> set[str]:
    return {run[i : i + 6] for run in re.findall(r"[0-9]{6,}", text) for i in range(len(run) - 5)}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "doc_empty"),
        ("320281********004X", "doc_masked"),
        ("320281xxxxxxxx004X", "doc_masked"),
        ("32028119850615004*", "doc_star"),
        ("32028119850615004\u0425", "doc_cyrillic_x"),
        ("3.20281198506151E+17", "doc_spreadsheet"),
        ("身份证" + SPECIMEN, "doc_characters"),
        ("32028119850615OO4X", "doc_letter_o"),
        ("32028119850615004", "doc_length"),
        ("320219640307027", "doc_old_15"),
        ("3202811985X615004X", "doc_form"),
        ("990000199001010295", "doc_region"),
        ("320281199904310146", "doc_birth_date"),
        ("320281202611240018", "doc_birth_future"),
        ("320281198506150016", "doc_checksum"),
        ("C12345678", "doc_exit_permit"),
    ],
)
def test_each_reason_has_its_own_code(raw, code):
    with pytest.raises(DocumentRefused) as caught:
        read_document(raw, RESIDENT, today=TODAY)
    assert (caught.value.code, caught.value.field) == (code, "doc_number")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("32028119850615004", "少了一位（共 18 位）"),
        ("3202811985061500", "少了两位（共 18 位）"),
        ("3202811985061500401", "多了一位（共 18 位）"),
        ("3202", "共 18 位"),
    ],
)
def test_a_wrong_length_is_counted_for_the_person(raw, words):
    with pytest.raises(refusals.DocumentLength) as caught:
        read_document(raw, RESIDENT, today=TODAY)
    assert words in caught.value.sentence


def test_every_refusal_has_a_code_of_its_own_and_says_what_to_do():
    kinds: list[type[DocumentRefused]] = [DocumentRefused, *DocumentRefused.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(re.search("请", kind.message) for kind in kinds)


@pytest.mark.parametrize(
    ("chosen", "raw", "shown"),
    [
        (RESIDENT, "830000199408230025", DocType.HMT_RESIDENCE_PERMIT),
        (RESIDENT, "932682198501010017", DocType.FOREIGN_PR_ID),
        (DocType.PASSPORT, SPECIMEN, RESIDENT),
        (DocType.HMT_RESIDENCE_PERMIT, "12345678", DocType.TW_TRAVEL_PERMIT),
        (DocType.CN_PASSPORT, "HA1234567", DocType.HM_TRAVEL_PERMIT),
    ],
)
def test_a_number_that_speaks_for_itself_switches_the_type(chosen, raw, shown):
    reading = read_document(raw, chosen, today=TODAY)
    assert (reading.verdict, reading.doc_type, reading.number) == (Verdict.RETYPE, shown, raw)


@pytest.mark.parametrize("raw", ["E12345678", "H10305887", "12345678"])
def test_a_foreign_passport_may_look_like_our_short_numbers(raw):
    reading = read_document(raw, DocType.PASSPORT, today=TODAY)
    assert (reading.verdict, reading.doc_type) == (Verdict.ACCEPT, DocType.PASSPORT)


@pytest.mark.parametrize(
    ("raw", "chosen", "warning"),
    [
        ("440524188001010014", RESIDENT, "age_over_120"),
        ("932000199006159989", DocType.FOREIGN_PR_ID, "country_unknown"),
        ("QQQ110090123105", DocType.FOREIGN_PR_ID, "country_unknown"),
        ("KAZ990090123105", DocType.FOREIGN_PR_ID, "region_unknown"),
        ("1234567801(B)", DocType.TW_TRAVEL_PERMIT, "permit_series_ended"),
        ("SE1234567", DocType.CN_PASSPORT, "service_passport"),
        ("320281198506150016", DocType.PASSPORT, "passport_looks_like_id"),
        ("ZHANGSAN", DocType.PASSPORT, "passport_without_digits"),
    ],
)
def test_what_is_unusual_is_for_staff_and_blocks_nobody(raw, chosen, warning):
    reading = read_document(raw, chosen, today=TODAY)
    assert (reading.verdict, reading.warnings) == (Verdict.WARN, (warning,))


def test_the_warnings_survive_a_switch_of_type():
    reading = read_document("932000199006159989", RESIDENT, today=TODAY)
    assert (reading.verdict, reading.warnings) == (Verdict.RETYPE, ("country_unknown",))


def test_the_switch_is_told_in_one_sentence():
    told = retype_sentence(DocType.HMT_RESIDENCE_PERMIT)
    assert told == "这是港澳台居民居住证号码，已为您切换类型。"


def test_a_birth_date_is_judged_by_the_day_it_is_read_on():
    number = "320281202611230163"
    assert read_document(number, RESIDENT, today=TODAY).birth == TODAY
    with pytest.raises(refusals.DocumentBirthFuture):
        read_document(number, RESIDENT, today=TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("2012-11-23", "2026-11-23", 14),
        ("2012-11-24", "2026-11-23", 13),
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
        ("2008-02-29", "2028-02-29", 20),
        ("2026-11-23", "2026-11-23", 0),
    ],
)
def test_age_in_full_years(birth, day, age):
    assert age_on(date.fromisoformat(birth), date.fromisoformat(day)) == age


def test_staff_see_four_characters_and_no_length():
    assert mask_document(SPECIMEN) == "****004X"
    assert mask_document("12345678") == "****5678"
    assert last4("12345") == "45"


def test_an_archive_number_gets_its_century_only_where_it_is_sure():
    assert from_15("320219640307027") == "320219196403070277"
    assert from_15("320219120307996") is None
    assert from_15("320219990231023") is None


def test_types_say_which_numbers_tell_the_birth_date():
    telling = {doc_type for doc_type in DocType if doc_type.tells_birth}
    assert telling == {RESIDENT, DocType.HMT_RESIDENCE_PERMIT, DocType.FOREIGN_PR_ID}
    assert len({doc_type.label for doc_type in DocType}) == len(DocType)
