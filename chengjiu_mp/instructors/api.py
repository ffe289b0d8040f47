"""JSON routes of the register."""

from flask import Blueprint

from chengjiu_mp.core import access, clock, context
from chengjiu_mp.core.access import STAFF
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.paging import BadCursor
from chengjiu_mp.instructors import errors, policy, queries, refreshing, schemas
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.states import due_state
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.units.queries import subtree_ids

blueprint = Blueprint("instructors", __name__, url_prefix="/api/v1")


@route(blueprint, "GET", "/instructors", STAFF, refusals=(BadCursor,))
def list_instructors(query: schemas.InstructorsQuery) -> schemas.InstructorsOut:
    """The register within the caller's units, the newest line first."""
    below = subtree_ids(query.unit_id) if query.unit_id else None
    wanted = queries.Filter(query.state, below, query.name or "")
    found = queries.instructors_in(context.principal(), wanted, query.cursor)
    names = queries.unit_names(found.items)
    items = [_shown(one, names[one.unit_id]) for one in found.items]
    return schemas.InstructorsOut(items=items, next_cursor=found.next_cursor)


@route(
    blueprint, "POST", "/instructors/<row:instructor_id>/refreshers", access.roles("operator"), status=201,
    refusals=(NotFound, errors.RefresherDayInvalid, errors.RefresherKnown, errors.InstructorRetired),
)  # fmt: skip
def add_refresher(instructor_id: int, body: schemas.RefresherIn) -> schemas.RefresherOut:
    """Record a completed refresher; the next due date follows from it."""
    instructor = policy.instructor_for(context.principal(), instructor_id, writing=True)
    row = refreshing.record_refresher(instructor, body.completed_on, body.source)
    return schemas.RefresherOut.model_validate(row)


def _shown(one: Instructor, unit: str) -> schemas.InstructorOut:
    return schemas.InstructorOut(
        id=one.id, name=one.name, phone_masked=mask_phone(refreshing.phone_of(one)), unit_id=one.unit_id, unit=unit,
        grade=one.grade, stars=one.stars, certificate_no=one.certificate_no, qualified_on=one.qualified_on,
        refresh_due=one.refresh_due, state=due_state(one, clock.today()),
    )  # fmt: skip
