"""Designs as rows: drafted, published, replaced; what was issued keeps its look (feat-D2, D13, rel-I10)."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import states, template_errors, templates, versions
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.picture import UnknownTemplate
from chengjiu_mp.certificates.rendering import face_of
from chengjiu_mp.certificates.template import BUILT_IN, Box, Line, Template
from chengjiu_mp.certificates.template_checks import check
from chengjiu_mp.certificates.template_models import CertificateTemplate
from chengjiu_mp.core import context, storage
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal, StaleVersion
from tests import factories, issued

LOWER = replace(BUILT_IN, title="培训合格证", name=replace(BUILT_IN.name, y=82, x=45, width=200), document_tail=True)


def somebody(role: str = "approver") -> Principal:
    with factories.made():
        return issued.approver(role)


def drafted(scope: str = "all", look: Template = LOWER) -> CertificateTemplate:
    by = somebody("operator")
    with unit_of_work():
        row = templates.draft(by, scope)
        templates.save(row, look, revision=1, emblem_id=None)
    return row


def published(scope: str = "all", look: Template = LOWER) -> CertificateTemplate:
    row, by = drafted(scope, look), somebody()
    with unit_of_work():
        row = templates.template_row(row.id)
        templates.publish(row, by, seen=True, revision=2)
    return row


def newest(certificate_id: int) -> CertificateVersion:
    return versions.newest_version(certificate_id)


def test_what_is_issued_afterwards_is_drawn_by_it_and_what_was_issued_is_not(app: Flask) -> None:
    one = issued.issue("张三")[0]
    before, was = one.id, issued.draw(one).sha256
    published()
    later = issued.issue("李四")[0]
    after = later.id
    drawn = issued.draw(later)
    face = face_of(drawn)
    assert (newest(before).template, drawn.template, drawn.picture_state) == ("2026-1", "2026-2", "ready")
    assert (face.title, face.look.name.y, (face.document_tail or "")[:4]) == ("培训合格证", 82, "****")
    assert after != before
    # Its file was lost: made again, it is the same to the byte.
    storage.media().path(newest(before).file or "").unlink()
    with unit_of_work():
        versions.render_again(newest(before))
    assert issued.draw(db.session.get_one(Certificate, before)).sha256 == was


def test_a_newer_version_changes_nothing_issued_before(app: Flask) -> None:
    published()
    one = issued.issue("张三")[0].id
    face = face_of(newest(one))
    newer = published(look=replace(LOWER, title="新题名"))
    assert (newer.name, newer.state) == ("2026-3", "published")
    assert face_of(newest(one)) == face
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one), "张山", "录错")
    assert (newest(one).version, newest(one).template) == (2, "2026-2")


def test_a_kinds_own_design_goes_before_that_of_all(app: Flask) -> None:
    assert newest(issued.issue("王五")[0].id).template == "2026-1"
    published()
    own = published("cpr_aed")
    name, row_id = own.name, own.id
    assert newest(issued.issue("张三")[0].id).template == name
    with unit_of_work():
        templates.retire(templates.template_row(row_id))
    assert newest(issued.issue("李四")[0].id).template == "2026-2"


def test_one_version_of_a_scope_is_in_force(app: Flask) -> None:
    first, second = published(), published()
    db.session.expire_all()
    assert [templates.template_row(one.id).state for one in (first, second)] == ["retired", "published"]
    with pytest.raises(template_errors.TemplateNotInForce), unit_of_work():
        templates.retire(templates.template_row(first.id))


def test_what_is_published_never_changes(app: Flask) -> None:
    row = published()
    with pytest.raises(template_errors.TemplateFixed), unit_of_work():
        templates.save(templates.template_row(row.id), BUILT_IN, revision=2, emblem_id=None)
    with pytest.raises(template_errors.TemplateFixed), unit_of_work():
        templates.publish(templates.template_row(row.id), Principal(), seen=True, revision=2)


def test_who_saves_an_older_page_is_told(app: Flask) -> None:
    row = drafted()
    with pytest.raises(StaleVersion), unit_of_work():
        templates.save(templates.template_row(row.id), BUILT_IN, revision=1, emblem_id=None)
    with pytest.raises(StaleVersion), unit_of_work():
        templates.publish(templates.template_row(row.id), Principal(), seen=True, revision=1)


def test_its_author_does_not_publish_it_and_another_does(app: Flask) -> None:
    by, other = somebody(), somebody("operator")
    name = other.name
    with unit_of_work():
        row = templates.draft(by)
    with pytest.raises(template_errors.OwnTemplate), unit_of_work():
        templates.publish(templates.template_row(row.id), by, seen=True, revision=1)
    assert templates.may_publish(templates.template_row(row.id), ("operator", "approver")) == [name]
    with pytest.raises(template_errors.SamplesUnseen) as caught, unit_of_work():
        templates.publish(templates.template_row(row.id), other, seen=False, revision=1)
    assert caught.value.field == "seen"
    with unit_of_work():
        templates.publish(templates.template_row(row.id), other, seen=True, revision=1)
    assert templates.template_row(row.id).state == "published"


def test_the_database_knows_two_people_as_well(app: Flask) -> None:
    row = drafted()
    mine = update(CertificateTemplate).where(CertificateTemplate.id == row.id)
    with pytest.raises(IntegrityError, match="two_people"), unit_of_work():
        db.session.execute(mine.values(state="published", published_by=CertificateTemplate.created_by))


def test_a_refused_publication_leaves_the_one_in_force(app: Flask) -> None:
    first, second = published(), drafted()
    with pytest.raises(StaleVersion), unit_of_work():
        templates.publish(templates.template_row(second.id), Principal(), seen=True, revision=9)
    assert templates.template_row(first.id).state == "published"


def test_an_unknown_name_or_kind(app: Flask) -> None:
    with pytest.raises(UnknownTemplate):
        templates.look_of("1999-1")
    with pytest.raises(NotFound), unit_of_work():
        templates.draft(Principal(), "no_such_kind")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": Box(200, 81, 95, 23)}, "name"),
        ({"name": Box(40, 60, 200, 23)}, "name"),
        ({"name": Box(40, 81, 50, 23)}, "name_width"),
        ({"name_size": 40}, "name_size"),
        ({"code_side": 30}, "code_side"),
        ({"code": Line(130, 145)}, "issued"),
        ({"photo": Line(200, 90)}, "name"),
        ({"photo": Line(245, 5)}, "photo"),
        ({"number": Line(30, 165)}, "number"),
        ({"until": Line(124, 199.5)}, "until"),
        ({"statement": "兹证明{姓名}合格"}, "statement"),
        ({"statement": "特发此证" * 30}, "statement"),
        ({"title": "证\U0003fffd书"}, "title"),
    ],
)
def test_what_cannot_be_printed_is_refused_at_its_field(app: Flask, changes: dict, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(replace(BUILT_IN, **changes))
    assert caught.value.field == field


def test_the_built_in_design_passes_its_own_checks(app: Flask) -> None:
    check(BUILT_IN)
    check(replace(BUILT_IN, document_tail=True))


def test_who_saved_it_last_publishes_nobody_elses_work(app: Flask) -> None:
    row, editor, third = drafted(), somebody(), somebody()
    with context.acting_as(editor), unit_of_work():
        templates.save(templates.template_row(row.id), LOWER, revision=2, emblem_id=None)
    with pytest.raises(template_errors.OwnTemplate), unit_of_work():
        templates.publish(templates.template_row(row.id), editor, seen=True, revision=3)
    with unit_of_work():
        templates.publish(templates.template_row(row.id), third, seen=True, revision=3)
