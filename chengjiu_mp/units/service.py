"""Placing units in the tree: where a unit hangs decides the plan row its figures count for."""

from collections.abc import Sequence

from sqlalchemy import select, update

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.units.errors import NotATown
from chengjiu_mp.units.models import Unit
from chengjiu_mp.units.queries import subtree_ids

EDUCATION = "education"
# 附件3's last three rows are no places: 教育局, 机关事业单位, 企业.
NO_PLACES = frozenset({EDUCATION, "institutions", "enterprises"})


def place_school(school: Unit, school_of: str, within: Unit) -> None:
    """Hang a school where it counts: a city school (市属) below 教育局, any other below the town it lies in.

    The plan gives 非市属学校 to the towns and streets (六、职责分工). What hangs below the school moves along.

    :param school_of: "city" or "town"
    :param within: the town's row or a unit below it
    :raise NotATown: when ``within`` lies below no town or street
    """
    row = db.session.get(Unit, within.row_id) if within.row_id else None
    if row is None or row.code in NO_PLACES:
        raise NotATown(field="within")
    if school_of == "city":
        within = db.session.scalars(select(Unit).where(Unit.code == EDUCATION)).one()
    school.school_of, school.parent_id, school.row_id = school_of, within.id, within.row_id
    db.session.flush()
    _carry_row(school)
    audit.record("unit.placed", school, unit_id=school.id, school_of=school_of, row=school.row_id)


def _carry_row(top: Unit) -> None:
    below: Sequence[int] = sorted(subtree_ids(top.id))
    db.session.execute(update(Unit).where(Unit.id.in_(below)).values(row_id=top.row_id))
