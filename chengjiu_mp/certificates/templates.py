"""Designs as people keep them: drafted, looked at, published, replaced by a newer version."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from chengjiu_mp.certificates import template_checks
from chengjiu_mp.certificates.emblems import emblem_bytes
from chengjiu_mp.certificates.picture import UnknownTemplate
from chengjiu_mp.certificates.template import BUILT_IN, TEMPLATE_VERSION, Template
from chengjiu_mp.certificates.template_errors import (
    OwnTemplate,
    SamplesUnseen,
    TemplateFixed,
    TemplateJustMade,
    TemplateNotInForce,
)
from chengjiu_mp.certificates.template_models import EVERY_KIND, CertificateTemplate
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound, StaleVersion
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account, RoleGrant
from chengjiu_mp.units.policy import open_units

_WORDS = ("title", "issuer", "statement", "document_tail")


def name_in_force(course_type_id: int) -> str:
    """Return the name of the design that a certificate issued now is drawn by."""
    kind = select(CourseType.code).where(CourseType.id == course_type_id).scalar_subquery()
    found = db.session.scalar(
        select(CertificateTemplate.name)
        .where(CertificateTemplate.state == "published", CertificateTemplate.scope.in_((kind, EVERY_KIND)))
        .order_by(CertificateTemplate.scope == EVERY_KIND)
        .limit(1)
    )
    return found or TEMPLATE_VERSION


def look_of(name: str) -> tuple[Template, bytes | None]:
    """Return the design of a name, with its emblem as PNG bytes.

    :raise UnknownTemplate: no design of ours, or one that an older way of drawing belongs to
    """
    if name == TEMPLATE_VERSION:
        return BUILT_IN, None
    row = db.session.scalars(select(CertificateTemplate).where(CertificateTemplate.name == name)).first()
    if row is None or row.base != TEMPLATE_VERSION:
        raise UnknownTemplate(name)
    return value_of(row), emblem_bytes(row.emblem_id)


def has_photo(name: str) -> bool:
    """Return whether a design has a place for the holder's picture."""
    places = db.session.scalar(select(CertificateTemplate.places).where(CertificateTemplate.name == name))
    return bool(places and places.get("photo"))


def value_of(row: CertificateTemplate) -> Template:
    """Return a row as the value that decides the picture."""
    words = {key: getattr(row, key) for key in _WORDS}
    return Template.of({**words, "version": row.name, "preprinted": tuple(row.preprinted)}, row.places)


def template_row(template_id: int) -> CertificateTemplate:
    """Return a row. :raise NotFound: there is none"""
    row = db.session.get(CertificateTemplate, template_id, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def draft(by: Principal, scope: str = EVERY_KIND, like: CertificateTemplate | None = None) -> CertificateTemplate:
    """Begin a version: the built-in design's words and places, or those of ``like``.

    :raise NotFound: no such course kind; :raise TemplateJustMade: two began one at the same moment
    """
    if scope != EVERY_KIND and db.session.scalar(select(CourseType.id).where(CourseType.code == scope)) is None:
        raise NotFound
    look = value_of(like) if like else BUILT_IN
    values = {
        "name": _next_name(), "scope": like.scope if like else scope, "state": "draft", "base": TEMPLATE_VERSION,
        "emblem_id": like.emblem_id if like else None, "revision": 1, "created_at": clock.now(),
        "created_by": by.account_id, **_columns(look),
    }  # fmt: skip
    one = insert_into(CertificateTemplate).values(**values).on_conflict_do_nothing(index_elements=["name"])
    made = db.session.scalar(one.returning(CertificateTemplate.id))
    if made is None:
        raise TemplateJustMade
    row = db.session.get_one(CertificateTemplate, made)
    audit.record("template.drafted", row, template=row.name)
    return row


def _next_name() -> str:
    """2026-2 after 2026-1, the built-in one; the first of another year is its 1."""
    year = clock.today().year
    taken = db.session.scalars(
        select(CertificateTemplate.name).where(CertificateTemplate.name.startswith(f"{year}-", autoescape=True))
    )
    numbers = [int(name.partition("-")[2]) for name in (*taken, TEMPLATE_VERSION) if name.startswith(f"{year}-")]
    return f"{year}-{max(numbers, default=0) + 1}"


def _columns(look: Template) -> dict[str, object]:
    words = {key: getattr(look, key) for key in _WORDS}
    return {**words, "places": look.as_json(), "preprinted": list(look.preprinted)}


def save(row: CertificateTemplate, look: Template, *, revision: int, emblem_id: int | None) -> None:
    """Write a draft's words and places.

    :raise Refusal: as ``template_checks.check``; :raise TemplateFixed: it is published; :raise StaleVersion: somebody
        else saved since ``revision``
    """
    template_checks.check(look)
    mine = (CertificateTemplate.id == row.id, CertificateTemplate.state == "draft")
    written = db.session.scalar(
        update(CertificateTemplate)
        .where(*mine, CertificateTemplate.revision == revision)
        .values(**_columns(look), emblem_id=emblem_id, revision=revision + 1)
        .returning(CertificateTemplate.id)
    )
    if written is None:
        raise StaleVersion if db.session.scalar(select(func.count()).where(*mine)) else TemplateFixed
    db.session.refresh(row)
    audit.record("template.saved", row, template=row.name)


def publish(row: CertificateTemplate, by: Principal, *, seen: bool, revision: int) -> None:
    """Put a draft in force for what is issued from now on; the version before it retires.

    A wrong design is on every certificate issued by it, so two people look at it, as they do at results.

    :param seen: the samples were looked at
    :raise OwnTemplate: the caller drafted it or saved any of it; :raise SamplesUnseen: at ``seen``
    :raise TemplateFixed: no draft; :raise StaleVersion: changed since
    """
    if by.account_id in writers(row):
        raise OwnTemplate
    if not seen:
        raise SamplesUnseen(field="seen")
    template_checks.check(value_of(row))
    before = (CertificateTemplate.scope == row.scope, CertificateTemplate.state == "published")
    db.session.execute(update(CertificateTemplate).where(*before).values(state="retired"))
    published = db.session.scalar(
        update(CertificateTemplate)
        .where(
            CertificateTemplate.id == row.id, CertificateTemplate.state == "draft",
            CertificateTemplate.revision == revision,
        )
        .values(state="published", published_at=clock.now(), published_by=by.account_id)
        .returning(CertificateTemplate.id)
    )  # fmt: skip
    if published is None:
        db.session.refresh(row)
        raise StaleVersion if row.state == "draft" else TemplateFixed
    db.session.refresh(row)
    audit.record("template.published", row, template=row.name)


def writers(row: CertificateTemplate) -> set[int]:
    """Return the accounts that drafted a version or saved any of it; the audit trail knows."""
    saved = select(AuditEntry.actor_id).where(
        AuditEntry.object_type == CertificateTemplate.__tablename__, AuditEntry.object_id == row.id,
        AuditEntry.action == "template.saved", AuditEntry.at >= row.created_at,
    )  # fmt: skip
    return {one for one in (row.created_by, *db.session.scalars(saved)) if one is not None}


def may_publish(row: CertificateTemplate, roles: Sequence[str]) -> list[str]:
    """Return the names of those who may publish a draft: of the whole city in one of ``roles``, and not its writers."""
    of = select(RoleGrant.account_id).where(RoleGrant.role.in_(roles), RoleGrant.read_only.is_(False))
    others = select(Account).where(Account.id.in_(of), Account.active, Account.id.not_in(writers(row)))
    return [
        one.name
        for one in db.session.scalars(others.order_by(Account.id))
        if open_units(Principal(account_id=one.id, grants=sessions.grants_of(one.id)), roles, writing=True) is None
    ]


def drop(row: CertificateTemplate) -> None:
    """Take a draft away; its name is free again.

    :raise TemplateFixed: it was published
    """
    audit.record("template.dropped", row, template=row.name)
    here = (CertificateTemplate.id == row.id, CertificateTemplate.state == "draft")
    done = delete(CertificateTemplate).where(*here).returning(CertificateTemplate.id)
    if db.session.scalar(done) is None:
        raise TemplateFixed


def all_templates() -> Sequence[CertificateTemplate]:
    """Return every version, the newest first."""
    return db.session.scalars(select(CertificateTemplate).order_by(CertificateTemplate.id.desc())).all()


def retire(row: CertificateTemplate) -> None:
    """Take a version out of use: what is issued from now on is drawn by the next wider one.

    :raise TemplateNotInForce: it is not the one in force
    """
    here = (CertificateTemplate.id == row.id, CertificateTemplate.state == "published")
    done = update(CertificateTemplate).where(*here).values(state="retired").returning(CertificateTemplate.id)
    if db.session.scalar(done) is None:
        raise TemplateNotInForce
    db.session.refresh(row)
    audit.record("template.retired", row, template=row.name)
