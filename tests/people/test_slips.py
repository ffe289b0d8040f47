"""Slips of the thumb and of the paste: nobody becomes another person by one, and every refusal says the way on."""

import re
from datetime import date

import pytest

from chengjiu_mp.people import han
from chengjiu_mp.people.documents import DocType, DocumentRefused, Verdict, read_document
from chengjiu_mp.people.names import NameRefused, read_name, sort_key
from chengjiu_mp.people.phones import PhoneRefused, read_phone

TODAY = date(2026, 11, 23)
SPECIMEN = "32028119850615004X"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("3202811985A615004X", "doc_form"),
        ("l20281198506150040", "doc_letter_i"),
        ("32028119850615I04X", "doc_letter_i"),
        ("3202811985O615OO4X", "doc_letter_o"),
        ("KAZ11009012310", "doc_form"),
        ("HA12345678", "doc_form"),
        ("EO1234567", "doc_letter_o"),
        ("EI1234567", "doc_letter_i"),
        ("GO2345678", "doc_letter_o"),
        ("13912345678", "doc_phone"),
        ("A123456789", "doc_home_card"),
        ("Z683365(5)", "doc_home_card"),
        ("AB987654（3）", "doc_home_card"),
        ("5123456(7)", "doc_home_card"),
    ],
)
def test_a_slip_is_no_foreign_passport_unless_somebody_says_so(raw, code):
    with pytest.raises(DocumentRefused) as caught:
        read_document(raw, None, today=TODAY)
    assert caught.value.code == code
    assert "请" in caught.value.sentence
    if raw.isalnum():
        assert read_document(raw, DocType.PASSPORT, today=TODAY).doc_type is DocType.PASSPORT


@pytest.mark.parametrize(
    "raw", ["AB123456", "C01X00T47", "L1234567", "H1234567", "TK1234567", "ML1234567", "123456789", "12AB34567"]
)
def test_passports_of_other_states_need_no_choice(raw):
    assert read_document(raw, None, today=TODAY).doc_type is DocType.PASSPORT


@pytest.mark.parametrize("stands_for_x", "xｘＸⅩⅹ𝐗")
def test_every_code_of_an_x_is_an_x(stands_for_x):
    reading = read_document(SPECIMEN[:17] + stands_for_x, None, today=TODAY)
    assert (reading.verdict, reading.number) == (Verdict.NORMALIZE, SPECIMEN)


@pytest.mark.parametrize("looks_like_x", "хХΧχ×✕✗✘☓Ẋ")
def test_what_only_looks_like_an_x_is_asked_for_again(looks_like_x):
    with pytest.raises(DocumentRefused) as caught:
        read_document(SPECIMEN[:17] + looks_like_x, None, today=TODAY)
    assert caught.value.code == "doc_cyrillic_x"


@pytest.mark.parametrize("mask", ["********", "••••••••", "########", "????????", "○○○○○○○○", "________", "xxxxxxxx"])
def test_every_mask_is_seen_as_one(mask):
    with pytest.raises(DocumentRefused) as caught:
        read_document(f"320281{mask}004X", None, today=TODAY)
    assert caught.value.code == "doc_masked"


@pytest.mark.parametrize("raw", ["{{7*7}}", "<img src=x onerror=alert(1)>", "=1+1", "\u0663" * 18, "\U0001f600"])
def test_nothing_else_is_a_number(raw):
    for read, refused in ((read_phone, PhoneRefused), (_read_any, DocumentRefused)):
        with pytest.raises(refused) as caught:
            read(raw)
        assert caught.value.code in ("phone_characters", "doc_characters")


def _read_any(raw):
    return read_document(raw, None, today=TODAY)


@pytest.mark.parametrize("raw", ["秊\uf995", "\uf9dc", "\U0002f800王", "礼\ufa18"])
def test_a_compatibility_character_is_never_rewritten_and_sorts_as_its_twin(raw):
    reading = read_name(raw)
    assert reading.name == raw
    assert "name_compatibility" in reading.warnings
    assert "~" not in sort_key(raw)


def test_the_radicals_of_a_paste_become_the_characters_they_look_like():
    assert read_name("\u2f2d\u7530").name == "山田"
    assert not any(map(han.is_radical, read_name("\u2f2d\u2f65").name))


@pytest.mark.parametrize(
    "raw", ["张\u0301三", "\u0301John", "Jo" + "\u0335" * 3 + "hn", "李\u20dd", "王\u3164", "王\ufff9五"]
)
def test_marks_that_belong_to_no_letter_are_refused(raw):
    with pytest.raises(NameRefused) as caught:
        read_name(raw)
    assert "请" in caught.value.sentence


@pytest.mark.parametrize("raw", ["Nguye\u0302\u0303n Va\u0306n An", "O\u0323\u0300ba", "José García", "Ðorđe"])
def test_accents_of_latin_names_stay(raw):
    assert read_name(raw).warnings == ()


@pytest.mark.parametrize(
    ("raw", "number"),
    [("013800138000", "13800138000"), ("0 138 0013 8000", "13800138000"), ("+86 0138 0013 8000", "13800138000")],
)
def test_the_zero_of_calls_from_afar_is_no_part_of_a_mobile_number(raw, number):
    assert read_phone(raw).number == number


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("138XXXX8000", "phone_masked"),
        ("138••••8000", "phone_masked"),
        ("138####8000", "phone_masked"),
        ("85291234567", "phone_foreign"),
        ("886912345678", "phone_foreign"),
        ("+86 510 86801234", "phone_landline"),
        ("+86", "phone_characters"),
        ("01012345678", "phone_landline"),
    ],
)
def test_a_phone_is_refused_for_the_reason_that_helps(raw, code):
    with pytest.raises(PhoneRefused) as caught:
        read_phone(raw)
    assert caught.value.code == code
    assert re.search("请", caught.value.sentence)


@pytest.mark.parametrize("number", ["M123A4567", "m 123-a 4567"])
@pytest.mark.parametrize("chosen", [None, *DocType])
def test_koreas_new_passport_is_one_whatever_was_chosen(number, chosen):
    reading = read_document(number, chosen, today=TODAY)
    assert (reading.doc_type, reading.number, reading.warnings) == (DocType.PASSPORT, "M123A4567", ())
    assert (reading.verdict is Verdict.RETYPE) == (chosen not in (None, DocType.PASSPORT))


@pytest.mark.parametrize("number", ["M123456789A", "M12A34567", "M123I456", "M1234567"])
def test_what_is_only_like_it_is_no_korean_passport(number):
    with pytest.raises(DocumentRefused):
        read_document(number, DocType.HM_TRAVEL_PERMIT, today=TODAY)


def test_koreas_old_passport_is_numbered_like_a_permit_of_macao_and_the_latin_name_says_which():
    old = "M12345678"
    assert read_document(old, None, today=TODAY).doc_type is DocType.HM_TRAVEL_PERMIT
    known = read_document(old, None, today=TODAY, latin_name=True)
    assert (known.doc_type, known.verdict, known.warnings) == (DocType.PASSPORT, Verdict.ACCEPT, ())
    assert read_document(old, DocType.PASSPORT, today=TODAY).verdict is Verdict.ACCEPT
    # Who chose the permit, and Hong Kong's permits, are what they say.
    assert read_document(old, DocType.HM_TRAVEL_PERMIT, today=TODAY, latin_name=True).verdict is Verdict.ACCEPT
    assert read_document("H12345678", None, today=TODAY, latin_name=True).doc_type is DocType.HM_TRAVEL_PERMIT
