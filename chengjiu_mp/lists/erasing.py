"""What lists hold of a person, made unreadable with the person's sign-ups; the rows stay for the counts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.lists.models import UnitListLine, UnitListRow
from chengjiu_mp.people.erasing import no_index
from chengjiu_mp.people.name_display import ERASED_NAME


def erase_rows(signup_ids: Collection[int]) -> int:
    """Erase the rows of lists that stand for these sign-ups, and the cells of the lines they came from; return how
    many rows.
    """
    rows = db.session.scalars(select(UnitListRow).where(UnitListRow.signup_id.in_(signup_ids))).all()
    for row in rows:
        _erase(row)
    lines = update(UnitListLine).where(UnitListLine.row_id.in_([row.id for row in rows]))
    db.session.execute(lines.values(cells_sealed=None).execution_options(synchronize_session=False))
    db.session.flush()
    return len(rows)


def erase_named_before(moment: datetime, limit: int) -> int:
    """Erase whom a unit only named and who never signed up, once their run ended before ``moment``; return how many."""
    never_came = (
        select(UnitListRow)
        .join(CourseRun, CourseRun.id == UnitListRow.run_id)
        .where(UnitListRow.signup_id.is_(None), UnitListRow.state == "named", CourseRun.ends_at <= moment)
    )
    rows = db.session.scalars(never_came.order_by(UnitListRow.id).limit(limit)).all()
    for row in rows:
        _erase(row)
        row.state = "removed"
    db.session.flush()
    return len(rows)


def _erase(row: UnitListRow) -> None:
    row.name_sealed = privacy.seal(ERASED_NAME, place=UnitListRow.PLACE_NAME, row=row.uid)
    row.name_index, row.named_key, row.doc_index, row.phone_sealed = no_index(), None, None, None
