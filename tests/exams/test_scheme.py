"""The pass rule, at its edges."""

import pytest

from chengjiu_mp.exams.scheme import Item, figure, items_of, outcome_of

THEORY = Item("theory", "理论", "theory", 100, 80)
CPR = Item("cpr", "心肺复苏", "practical", 100, 80)
EXTRA = Item("extra", "附加", "practical", 10, 6, required=False)


@pytest.mark.parametrize(
    ("points", "outcome"),
    [
        ({}, "incomplete"),
        ({"theory": 100}, "incomplete"),
        ({"theory": 80, "cpr": 80}, "passed"),
        ({"theory": 79.5, "cpr": 100}, "failed"),
        ({"theory": 100, "cpr": 79.999}, "failed"),
        ({"theory": 0, "cpr": 0}, "failed"),
        ({"theory": 80, "cpr": 80, "extra": 0}, "passed"),
        ({"theory": 80, "extra": 10}, "incomplete"),
    ],
)
def test_every_required_item_at_or_over_its_mark(points: dict, outcome: str) -> None:
    assert outcome_of((THEORY, CPR, EXTRA), points) == outcome


def test_an_item_is_read_as_the_scheme_stores_it() -> None:
    stored = {"code": "cpr", "name": "心肺复苏", "kind": "practical", "max": 100, "pass": 80}
    assert items_of([stored]) == (CPR,)


@pytest.mark.parametrize(("points", "words"), [(80.0, "80"), (79.5, "79.5"), (0.0, "0"), (100, "100")])
def test_points_read_as_a_person_writes_them(points: float, words: str) -> None:
    assert figure(points) == words
