"""What every installation begins with."""

from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.units.models import Unit
from tests import factories


def test_installing_twice_changes_nothing_and_the_rows_are_the_plans_twenty(app):
    for _ in range(2):
        with factories.made():
            factories.reference_data()
    assert db.session.scalar(select(func.count()).select_from(Unit).where(Unit.is_row)) == 20
    assert db.session.scalars(select(Unit.name).where(Unit.sort == 18)).one() == "教育局"


def test_the_factories_make_a_whole_chain(app):
    with factories.made():
        of = factories.run(instructors=[factories.instructor()])
        made = factories.signup(of, "古丽米热·阿卜杜热合曼")
    assert len(factories.ticket(made)) == 26
