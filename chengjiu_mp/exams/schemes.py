"""Publishing a new version of an examination's scheme: new runs take it, runs that were published keep theirs."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import func, select

from chengjiu_mp.core import audit
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotAllowed, NotFound, StaleVersion
from chengjiu_mp.core.parsing import In, Invalid
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, Syllabus
from chengjiu_mp.courses.queries import current_syllabi
from chengjiu_mp.exams.models import ExamScheme
from chengjiu_mp.exams.scheme import Item, Outcome, figure, items_of, outcome_of
from chengjiu_mp.units.policy import open_units

EDITORS = ("operator",)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")


class SchemeItemIn(In):
    """One thing that is examined; points from 0 to ``max``, ``pass_mark`` of them are enough."""

    code: Annotated[str, Field(max_length=30)]
    name: Annotated[str, Field(min_length=1, max_length=30)]
    kind: Literal["theory", "practical"]
    max: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
    pass_mark: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
    required: bool = True


class SchemeIn(In):
    """A new version. ``based_on`` is the version it was written from: somebody else's in between refuses it."""

    based_on: Annotated[int, Field(ge=1, le=100_000)]
    items: Annotated[list[SchemeItemIn], Field(min_length=1, max_length=12)]
    max_resits: Annotated[int, Field(ge=0, le=9)] = 1
    resit_failed_only: bool = True


def newest_schemes() -> Sequence[ExamScheme]:
    """Return the newest version of every scheme."""
    newest = select(func.max(ExamScheme.id)).group_by(ExamScheme.code)
    return db.session.scalars(select(ExamScheme).where(ExamScheme.id.in_(newest)).order_by(ExamScheme.id)).all()


def versions_of(code: str) -> Sequence[ExamScheme]:
    """Return all versions of a scheme, the newest first.

    :raise NotFound: when there is none
    """
    query = select(ExamScheme).where(ExamScheme.code == code).order_by(ExamScheme.version.desc())
    found = db.session.scalars(query).all()
    if not found:
        raise NotFound
    return found


def runs_on(code: str) -> int:
    """Return how many published runs keep the versions there are, whatever is published next."""
    query = select(func.count(CourseRun.id)).join(ExamScheme, ExamScheme.id == CourseRun.exam_scheme_id)
    return db.session.scalar(query.where(ExamScheme.code == code, CourseRun.state == "published")) or 0


def checked(given: SchemeIn) -> tuple[Item, ...]:
    """Return the items as the pass rule reads them.

    :raise Invalid: codes twice or malformed, a pass mark over the maximum, nothing that is required
    """
    errors, seen = [], set[str]()
    for n, one in enumerate(given.items):
        if not _CODE.fullmatch(one.code):
            errors.append(_error(n, "code", "代码用小写英文字母开头，可以带数字和下划线，例如 theory。"))
        elif one.code in seen:
            errors.append(_error(n, "code", "这个代码用了两次，请换一个。"))
        if one.pass_mark > one.max:
            errors.append(_error(n, "pass_mark", f"合格线不能超过满分 {figure(one.max)} 分。"))
        seen.add(one.code)
    if not any(one.required for one in given.items):
        errors.append(_error(0, "required", "至少要有一项必考，否则没有合格可言。"))
    if errors:
        raise Invalid(errors)
    return items_of(_stored(given))


def examples(items: Sequence[Item]) -> list[tuple[str, Outcome]]:
    """Return [(what somebody got, outcome)] that show the pass rule at its edges."""
    top = {one.code: one.maximum for one in items}
    found: list[tuple[str, Outcome]] = [
        ("每一项都刚好到合格线", outcome_of(items, {one.code: one.pass_mark for one in items}))
    ]
    for one in items:
        if one.pass_mark > 0:
            below = max(0.0, one.pass_mark - 0.5)
            said = f"{one.name} {figure(below)} 分，其余满分"
            found.append((said, outcome_of(items, top | {one.code: below})))
    return found


def publish_scheme(code: str, given: SchemeIn, by: Principal) -> ExamScheme:
    """Publish a new version; the kinds of courses that use the scheme take it for their next runs.

    :raise NotAllowed: the caller is no operator of the city; :raise NotFound: no such scheme
    :raise Invalid: see :func:`checked`; :raise StaleVersion: somebody published in between
    """
    if open_units(by, EDITORS, writing=True) is not None:
        raise NotAllowed
    last = versions_of(code)[0]
    checked(given)
    if last.version != given.based_on:
        raise StaleVersion(field="based_on", version=last.version)
    fresh = insert_into(ExamScheme).values(
        code=code, version=last.version + 1, name=last.name, items=_stored(given), max_resits=given.max_resits,
        resit_failed_only=given.resit_failed_only, unconfirmed=[],
    )  # fmt: skip
    added = db.session.scalar(fresh.on_conflict_do_nothing(index_elements=["code", "version"]).returning(ExamScheme.id))
    if added is None:
        raise StaleVersion(field="based_on", version=last.version + 1)
    scheme = db.session.get_one(ExamScheme, added)
    kinds = [_next(one, scheme) for one in current_syllabi() if one.exam_scheme_id and _code_of(one) == code]
    audit.record("exam_scheme.published", scheme, version=scheme.version, syllabi=kinds)
    return scheme


def _next(syllabus: Syllabus, scheme: ExamScheme) -> int:
    """Give a kind of course its next version, which differs by the scheme alone."""
    kept = {
        column.key: getattr(syllabus, column.key)
        for column in Syllabus.__table__.columns
        if column.key not in ("id", "version", "exam_scheme_id", "created_at", "unconfirmed")
    }
    said = [one for one in syllabus.unconfirmed if one != "exam_scheme_id"]
    fresh = insert_into(Syllabus).values(
        **kept, version=syllabus.version + 1, exam_scheme_id=scheme.id, unconfirmed=said
    ).on_conflict_do_nothing(index_elements=["course_type_id", "version"])  # fmt: skip
    added: int | None = db.session.scalar(fresh.returning(Syllabus.id))
    if added is None:
        raise StaleVersion(field="based_on", version=scheme.version)
    return added


def _code_of(syllabus: Syllabus) -> str | None:
    return db.session.scalar(select(ExamScheme.code).where(ExamScheme.id == syllabus.exam_scheme_id))


def _stored(given: SchemeIn) -> list[dict[str, object]]:
    return [
        {"code": one.code, "name": one.name.strip(), "kind": one.kind, "max": one.max, "pass": one.pass_mark,
         "required": one.required}
        for one in given.items
    ]  # fmt: skip


def _error(place: int, field: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/items/{place}/{field}", "code": "scheme_item", "detail": detail}
