"""The Latin name of a passport: two optional parts (domain B)."""

import pytest

from chengjiu_mp.people.latin_names import LatinName, LatinNameTooLong, read_latin_name
from chengjiu_mp.people.name_refusals import NameRefused


@pytest.mark.parametrize(
    ("surname", "given", "whole"),
    [
        ("SCHMIDT", "ANNA MARIA", "SCHMIDT ANNA MARIA"),
        ("O’Brien", "Seán", "O'Brien Seán"),
        ("García-López", "José  M.", "García-López José M."),
        ("ＫＩＭ", "Min‐jun", "KIM Min-jun"),
        ("Nguye\u0302\u0303n", "\u200bThị Hà", "Nguyễn Thị Hà"),
        ("", "Suharto", "Suharto"),
        ("O", "", "O"),
        (" ", "\u3000", ""),
    ],
)
def test_both_parts_come_in_the_passports_characters(surname: str, given: str, whole: str) -> None:
    assert read_latin_name(surname, given).whole == whole


def test_nothing_typed_is_no_name() -> None:
    assert read_latin_name("", "") == LatinName(None, None)


@pytest.mark.parametrize(
    "wrong", ["王", "Wang 五", "Li3", "Smith, John", "a·b", "<b>", "😀", "-", "Иванов", "x\u202ey"]
)
def test_what_no_passport_shows_is_refused_at_its_field(wrong: str) -> None:
    for field, typed in (("latin_surname", (wrong, "Anna")), ("latin_given", ("Anna", wrong))):
        with pytest.raises(NameRefused) as refused:
            read_latin_name(*typed)
        assert (refused.value.field, refused.value.code) == (field, "latin_name_characters")
        assert wrong not in refused.value.sentence


def test_both_parts_together_have_100_characters() -> None:
    assert len(read_latin_name("A" * 49, "B" * 50).whole) == 100
    for typed in (("A" * 50, "B" * 50), ("A" * 101, "")):
        with pytest.raises(LatinNameTooLong):
            read_latin_name(*typed)
