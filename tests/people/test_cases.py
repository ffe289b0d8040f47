"""The file of tricky inputs, and the command that judges such files."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools import cases
from tests.properties import steady

FILE = Path(__file__).with_name("domain_cases.json")
AS_OF = date(2026, 11, 23)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def written(tmp_path: Path, document: object) -> str:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def a_file(*found: object) -> dict[str, object]:
    return {"meta": {"as_of": "2026-11-23"}, "cases": list(found)}


def test_the_rules_agree_with_every_case():
    report = cases.judge_file(FILE)
    assert report["details"] == []
    assert report["cases"] >= 286


def test_every_case_has_an_id_of_its_own():
    ids = [case["id"] for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]]
    assert len(set(ids)) == len(ids)


def test_the_command_reports_and_fails_on_a_disagreement(tmp_path, capsys):
    wrong = {"id": "x-1", "group": "phone", "input": "13800138000", "expect": "reject"}
    assert cases.main([written(tmp_path, a_file(wrong)), "--json"]) == 1
    detail = {"id": "x-1", "expected": {"verdict": "reject"}, "got": {"verdict": "accept"}}
    assert json.loads(capsys.readouterr().out) == {"cases": 1, "mismatches": 1, "details": [detail]}


def test_the_command_is_content_with_a_good_file(capsys):
    assert cases.main([str(FILE)]) == 0
    assert capsys.readouterr().out.endswith(" cases, 0 mismatches\n")


@pytest.mark.parametrize("key", ["normalized", "derived"])
def test_a_given_value_is_compared_too(key):
    case = {"id": "x", "group": "id", "doc_type": "resident_id", "input": "11010519491231002x", "expect": "normalize"}
    right = {"normalized": "11010519491231002X", "derived": {"age_on_as_of": 76}}
    wrong = {"normalized": "11010519491231002x", "derived": {"age_on_as_of": 77}}
    assert cases.judge({**case, key: right[key]}, AS_OF) is None
    assert cases.judge({**case, key: wrong[key]}, AS_OF) is not None


def test_ages_are_those_of_the_files_own_day(tmp_path):
    case = {
        "id": "x",
        "group": "id",
        "input": "11010519491231002X",
        "expect": "accept",
        "derived": {"age_on_as_of": 50},
    }
    report = cases.judge_file(Path(written(tmp_path, {**a_file(case), "meta": {"as_of": "1999-12-31"}})))
    assert report["mismatches"] == 0


@pytest.mark.parametrize("case", [{"group": "stars", "expect": "accept"}, {"group": []}, {}, None, "x", 7])
def test_what_is_no_known_case_is_a_disagreement(case):
    assert cases.judge(case, AS_OF) is not None


@steady
@given(st.sampled_from(sorted(cases._RULES)), json_values, json_values, json_values)
def test_no_input_stops_the_command(group, doc_type, value, expect):
    case = {"id": value, "group": group, "doc_type": doc_type, "input": value, "expect": expect, "derived": value}
    detail = cases.judge(case, AS_OF)
    assert detail is None or "raised" not in str(detail["got"]["verdict"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cases": [], "meta": 1}', '{"cases": {}, "meta": {"as_of": "2026-11-23"}}']
)
def test_what_is_no_case_file_is_said_so(tmp_path, capsys, text):
    path = tmp_path / "cases.json"
    path.write_text(text, encoding="utf-8")
    assert cases.main([str(path)]) == 2
    assert "cases.json" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["--json"], ["a", "b"], ["--help"], ["nowhere.json"]])
def test_wrong_use_is_told_apart(argv, capsys):
    assert cases.main(argv) == 2
    assert capsys.readouterr().err
