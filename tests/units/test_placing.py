"""市属 or 非市属 alone decides a school's row."""

import pytest
from flask import Flask

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.units.errors import NotATown
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.queries import subtree_ids
from chengjiu_mp.units.service import place_school
from tests import factories


@pytest.mark.parametrize(("kind", "row"), [("city", "education"), ("town", "nanzha")])
def test_a_school_counts_for_the_row_its_kind_says(app: Flask, kind: str, row: str) -> None:
    with unit_of_work():
        school = factories.child_unit("nanzha", "南闸实验学校")
        place_school(school, kind, factories.unit("nanzha"))
        assert school.row_id == factories.unit(row).id
        assert school.id in subtree_ids(factories.unit(row).id)


def test_what_hangs_below_a_school_moves_with_it(app: Flask) -> None:
    with unit_of_work():
        school = factories.child_unit("nanzha", "南闸实验学校")
        below = Unit(code="class", name="初一（1）班", parent_id=school.id, row_id=school.row_id)
        db.session.add(below)
        db.session.flush()
        place_school(school, "city", factories.unit("nanzha"))
        db.session.refresh(below)
        assert below.row_id == factories.unit("education").id


@pytest.mark.parametrize("within", ["education", "enterprises", "jiangyin"])
def test_a_school_lies_in_a_town(app: Flask, within: str) -> None:
    with unit_of_work(), pytest.raises(NotATown):
        place_school(factories.child_unit("nanzha", "南闸实验学校"), "town", factories.unit(within))
