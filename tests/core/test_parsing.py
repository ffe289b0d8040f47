"""Input into models: pointers, codes and Chinese words, and never an echo."""

import json

import pytest
from pydantic import Field
from werkzeug.datastructures import MultiDict

from chengjiu_mp.core.parsing import In, Invalid, Malformed, Moment, RowId, TimeOfDay, from_json, from_pairs
from chengjiu_mp.core.wording import GENERAL, sentence_for


class Address(In):
    town: str


class Form(In):
    name: str = Field(min_length=1, max_length=5)
    run_id: RowId = 1
    tags: list[str] = []
    at: Moment | None = None
    begins: TimeOfDay | None = None
    address: Address | None = None


def _errors(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        from_json(Form, data)
    return [(e["pointer"], e["code"]) for e in caught.value.errors]


def test_an_unknown_field_is_refused_by_its_pointer():
    assert _errors(b'{"name": "a", "state": "confirmed"}') == [("/state", "extra_forbidden")]


@pytest.mark.parametrize("name", ["32028119850615004X", "13800138000", "H12345678", "李\u202e", "a" * 41])
def test_a_field_s_name_that_may_be_a_value_is_not_echoed(name):
    assert _errors(json.dumps({"name": "a", name: 1}).encode()) == [("/?", "extra_forbidden")]


def test_bounds_are_told_in_chinese_and_the_input_is_not_echoed():
    with pytest.raises(Invalid) as caught:
        from_json(Form, b'{"name": "32028119850615004X"}')
    assert caught.value.errors[0]["detail"] == "这一项太长了，请缩短到 5 个字以内。"
    assert "3202" not in str(caught.value.errors)


@pytest.mark.parametrize("data", [b"", b"{", b'{"name": "a\\u0000"}', b"[" * 5000, b'{"name": "\\ud800"}', b"\xff"])
def test_what_is_not_json_is_malformed(data):
    with pytest.raises((Malformed, Invalid)):
        from_json(Form, data)


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "9" * 30, "1.5", "NaN", '"x"'])
def test_a_row_number_fits_the_database(number):
    assert _errors(f'{{"name": "a", "run_id": {number}}}'.encode())


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-12-05T14:00:00"])
def test_an_instant_exists_in_every_zone(at):
    assert [pointer for pointer, _ in _errors(json.dumps({"name": "a", "at": at}).encode())] == ["/at"]


@pytest.mark.parametrize("typed", [0, 1.5, "14:00Z", "14:00+08:00", "25:00"])
def test_a_time_of_the_day_has_no_zone_and_is_no_number(typed):
    assert _errors(json.dumps({"name": "a", "begins": typed}).encode()) == [("/begins", "time_parsing")]


def test_a_form_nests_by_dots_keeps_text_and_knows_lists():
    form = MultiDict([("name", "123"), ("tags", "x"), ("address.town", "澄江"), ("csrf_token", "t")])
    read = from_pairs(Form, form, ignore=frozenset({"csrf_token"}))
    assert (read.name, read.tags, read.address) == ("123", ["x"], Address(town="澄江"))


def test_a_name_of_thousands_of_dots_is_malformed():
    with pytest.raises(Malformed):
        from_pairs(Form, MultiDict([("name", "a"), ("address" + ".town" * 2000, "x")]))


def test_empty_fields_of_a_form_are_missing():
    with pytest.raises(Invalid) as caught:
        from_pairs(Form, MultiDict([("name", "  ")]))
    assert [(e["pointer"], e["code"]) for e in caught.value.errors] == [("/name", "missing")]


def test_every_sentence_has_words_and_unknown_codes_have_the_general_one():
    assert sentence_for("no_such_code", None) == GENERAL
    assert sentence_for("string_too_long", {}) == GENERAL
