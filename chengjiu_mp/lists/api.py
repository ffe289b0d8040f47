"""Lists of names for programs."""

from flask import Blueprint, request

from chengjiu_mp.core import access, context
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.paging import BadCursor
from chengjiu_mp.core.spreadsheet import SheetRefused
from chengjiu_mp.courses import errors as course_errors
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.lists import changing, errors, making, presenting, queries, schemas, upload_queries, uploading
from chengjiu_mp.lists.models import UnitList
from chengjiu_mp.lists.policy import LISTING_ROLES, list_for, lists_visible_to
from chengjiu_mp.people.errors import ErasedMeanwhile

blueprint = Blueprint("lists", __name__, url_prefix="/api/v1/unit-lists")

WHO = access.roles(*LISTING_ROLES)
_LIST_EXAMPLE = {"unit_id": 2, "run_ids": [1], "title": "教师名单"}
_INSTEAD_EXAMPLE = {"name": "李四", "doc_number": "11010519491231002X", "phone": "13900000000", "agreed": True}


@route(blueprint, "GET", "", WHO, refusals=(BadCursor,))
def list_unit_lists(query: schemas.UnitListsQuery) -> schemas.UnitListsOut:
    """List the lists in the caller's scope, the newest first."""
    found, cursor = queries.lists_in(lists_visible_to(context.principal()), query.cursor)
    return schemas.UnitListsOut(items=[presenting.list_line(one) for one in found], next_cursor=cursor)


@route(blueprint, "POST", "", WHO, status=201, example=_LIST_EXAMPLE,
       refusals=(course_errors.UnknownChoice, errors.NoRuns))  # fmt: skip
def create_unit_list(body: schemas.UnitListIn) -> schemas.UnitListOut:
    """Make a list for a unit over one or several runs."""
    return presenting.unit_list(making.make_list(making.Plan(**body.model_dump()), context.principal()))


@route(blueprint, "GET", "/<row:list_id>", WHO, refusals=(NotFound,))
def show_unit_list(list_id: int) -> schemas.UnitListOut:
    """Show a list with its figures."""
    return presenting.unit_list(list_for(context.principal(), list_id))


@route(blueprint, "POST", "/<row:list_id>/link", WHO, example={"on": True}, refusals=(NotFound,))
def switch_unit_link(list_id: int, body: schemas.UnitLinkIn) -> schemas.UnitListOut:
    """Open or close the private link; opened again it is a new one."""
    of = _mine(list_id)
    making.switch_link(of, on=body.on)
    return presenting.unit_list(of)


@route(blueprint, "GET", "/<row:list_id>/people", WHO, refusals=(NotFound,))
def list_unit_people(list_id: int, query: schemas.AfterQuery) -> schemas.ListedPeopleOut:
    """List who is on it and who has confirmed, in the order they came."""
    of = list_for(context.principal(), list_id)
    people = queries.people_of(of.id, after=query.after, size=query.limit)
    return schemas.ListedPeopleOut(items=[presenting.person(one) for one in people])


@route(blueprint, "POST", "/<row:list_id>/uploads", WHO, status=202, refusals=(NotFound, SheetRefused))
def upload_unit_list(list_id: int) -> schemas.UploadOut:
    """Take an xlsx as the raw body; a worker reads it and says line by line what would happen."""
    return presenting.upload(uploading.receive(_mine(list_id), request.get_data(cache=True)))


@route(blueprint, "GET", "/<row:list_id>/uploads/<row:upload_id>", WHO, refusals=(NotFound,))
def show_unit_upload(list_id: int, upload_id: int) -> schemas.UploadOut:
    """Show how far an upload is."""
    return presenting.upload(upload_queries.upload_of(list_for(context.principal(), list_id).id, upload_id))


@route(blueprint, "GET", "/<row:list_id>/uploads/<row:upload_id>/lines", WHO, refusals=(NotFound,))
def list_unit_lines(list_id: int, upload_id: int, query: schemas.AfterQuery) -> schemas.UploadLinesOut:
    """List the lines with what would happen, or did, and why not; ``after`` is a line's number."""
    found = upload_queries.upload_of(list_for(context.principal(), list_id).id, upload_id)
    lines = upload_queries.lines_of(found.id, after=query.after, size=query.limit)
    return schemas.UploadLinesOut(items=[presenting.line(one) for one in lines])


@route(blueprint, "POST", "/<row:list_id>/uploads/<row:upload_id>/confirm", WHO, status=202, example={"agreed": True},
       refusals=(NotFound, errors.AgreementMissing, errors.UploadNotReady))  # fmt: skip
def confirm_unit_upload(list_id: int, upload_id: int, body: schemas.UploadConfirmIn) -> schemas.UploadOut:
    """Enrol what was read. Doing it twice changes nothing."""
    of = _mine(list_id)
    found = upload_queries.upload_of(of.id, upload_id)
    uploading.confirm(of, found, agreed=body.agreed)
    return presenting.upload(found)


@route(blueprint, "POST", "/<row:list_id>/people/<row:row_id>/substitute", WHO, example=_INSTEAD_EXAMPLE,
       refusals=(NotFound, errors.AgreementMissing, errors.RowGone, errors.OnOtherList, course_errors.RosterLocked,
                 course_errors.CannotSubstitute, course_errors.AlreadySignedUp, course_errors.NothingToRenew,
                 course_errors.OverlappingSignup, ErasedMeanwhile))  # fmt: skip
def substitute_unit_person(list_id: int, row_id: int, body: schemas.PersonInsteadIn) -> schemas.ListedPeopleOut:
    """Put another person into this one's seat, whoever waits; until the run's list of names is final."""
    of, one = _mine(list_id), queries.one_of(list_id, row_id)
    if not body.agreed:
        raise errors.AgreementMissing(field="agreed")
    made = changing.send_instead(of, one.row, Entry(**body.model_dump(exclude={"agreed"})))
    return schemas.ListedPeopleOut(
        items=[presenting.person(found) for found in queries.people_with(list_id, made.signup.id)]
    )


@route(blueprint, "POST", "/<row:list_id>/people/<row:row_id>/move", WHO, example={"run_id": 2},
       refusals=(NotFound, errors.RowGone, course_errors.UnknownChoice, course_errors.RosterLocked,
                 course_errors.CannotMove, course_errors.OverlappingSignup, course_errors.NothingToRenew))  # fmt: skip
def move_unit_person(list_id: int, row_id: int, body: schemas.PersonMoveIn) -> schemas.ListedPersonOut:
    """Move to another run of the list; the old place is kept until the new one is sure."""
    changing.change_run(_mine(list_id), queries.one_of(list_id, row_id).row, body.run_id)
    return presenting.person(queries.one_of(list_id, row_id))


@route(blueprint, "POST", "/<row:list_id>/people/<row:row_id>/remove", WHO, example={"reason": "出差"},
       refusals=(NotFound, course_errors.RosterLocked, course_errors.CannotWithdraw))  # fmt: skip
def remove_unit_person(list_id: int, row_id: int, body: schemas.PersonRemoveIn) -> schemas.UnitListOut:
    """Take a person off the list; the place goes to who waits."""
    of = _mine(list_id)
    changing.remove(of, queries.one_of(list_id, row_id).row, body.reason)
    return presenting.unit_list(of)


def _mine(list_id: int) -> UnitList:
    return list_for(context.principal(), list_id, writing=True)
