"""Lists, people and lines in the shapes that go out; documents and phones masked."""

from chengjiu_mp.core import context, privacy
from chengjiu_mp.courses.signup_queries import phone_of
from chengjiu_mp.lists import queries, schemas, upload_queries
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload
from chengjiu_mp.lists.policy import may_change
from chengjiu_mp.people.documents import last4
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.phones import mask_phone


def unit_list(of: UnitList) -> schemas.UnitListOut:
    """Return a list with its figures and, while it is open and for who may change it, its private link."""
    shown = of.link_on and may_change(context.principal(), of)
    return schemas.UnitListOut(
        id=of.id, unit_id=of.unit_id, title=of.title, run_ids=[one.run.id for one in queries.runs_of(of.id)],
        link=queries.link_of(of) if shown else None, **queries.figures_of(of.id),
    )  # fmt: skip


def list_line(one: queries.Listed) -> schemas.UnitListLineOut:
    """Return a list as a list of lists shows it."""
    return schemas.UnitListLineOut(
        id=one.list.id, unit_id=one.list.unit_id, title=one.list.title, people=one.people, confirmed=one.confirmed
    )


def person(one: queries.OnList) -> schemas.ListedPersonOut:
    """Return a person of a list."""
    number = privacy.unseal(one.person.doc_sealed, place=Person.PLACE, row=one.person.uid) if one.person else None
    return schemas.ListedPersonOut(
        id=one.row.id, name=one.name, doc_last4=last4(number) if number else None,
        phone_masked=mask_phone(phone_of(one.signup)) if one.signup else None, run_id=one.row.run_id,
        signup_id=one.signup.id if one.signup else None, state=one.signup.state if one.signup else "named",
        position=one.rank, confirmed_at=one.row.confirmed_at,
    )  # fmt: skip


def upload(row: UnitListUpload) -> schemas.UploadOut:
    """Return how an upload stands."""
    return schemas.UploadOut(
        id=row.id, list_id=row.list_id, state=row.state, total=row.total,
        left_out=upload_queries.left_out_of(row), plans=upload_queries.plans_of(row.id),
        outcomes=upload_queries.counts_of(row.id), code=row.code, reason=row.reason,
    )  # fmt: skip


def line(row: UnitListLine) -> schemas.UploadLineOut:
    """Return what was found in a line, and what came of it."""
    return schemas.UploadLineOut(
        row=row.number, plan=row.plan, outcome=row.outcome, code=row.code, column=row.field, reason=row.reason
    )
