"""Notices: one draft and one text in force per purpose, versions for ever."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from chengjiu_mp import reference
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.people import notices
from chengjiu_mp.people.errors import ConsentMissing, NoticeTooShort, NoticeUnchanged
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.people.service import agreed_notices

TEXT = "江阴市红十字会为办理应急救护培训收集您的姓名、证件号码和手机号，用完即删，可以随时撤回。"


@pytest.fixture(autouse=True)
def _texts(app: Any) -> None:
    with unit_of_work():
        reference.install()


def drafted(purpose: str = "signup", body: str = TEXT, title: str = "报名告知", *, required: bool = True) -> Notice:
    with unit_of_work():
        return notices.draft_notice(purpose, title, body, required=required)


def published(*args: Any, **more: Any) -> Notice:
    row = drafted(*args, **more)
    with unit_of_work():
        return notices.publish_notice(row.id)


def test_a_draft_is_in_nobodys_form():
    before = [one.id for one in current_notices()]
    row = drafted()
    assert (row.version, row.published_at, row.current) == (2, None, False)
    assert [one.id for one in current_notices()] == before
    with pytest.raises(NotFound):
        notices.published_notice("signup", 2)


def test_a_draft_is_written_over_until_it_is_published():
    first, second = drafted(), drafted(body=TEXT + "改过一次。")
    assert (first.id, second.body[-5:]) == (second.id, "改过一次。")


def test_publishing_takes_the_place_of_the_version_before_and_keeps_it():
    row = published()
    assert [(one.purpose, one.version) for one in current_notices()] == [("signup", 2), ("document_number", 1)]
    old = notices.published_notice("signup", 1)
    assert (old.current, old.body == row.body) == (False, False)
    with unit_of_work():
        assert notices.publish_notice(row.id).published_at == row.published_at


def test_a_form_with_the_version_before_is_asked_again():
    published()
    both = [ConsentIn(purpose="signup", version=1), ConsentIn(purpose="document_number", version=1)]
    with pytest.raises(ConsentMissing) as refused:
        agreed_notices(both)
    assert refused.value.facts["purposes"] == ["signup"]


def test_the_same_text_again_is_no_version():
    current = current_notices()[0]
    row = drafted(body=current.body, title=current.title)
    with pytest.raises(NoticeUnchanged), unit_of_work():
        notices.publish_notice(row.id)


def test_what_no_sign_up_can_do_without_stays_required():
    assert drafted(required=False).required
    assert not drafted("photo", required=False).required


def test_an_optional_text_is_asked_for_and_stopped():
    row = published("photo", title="现场照片", required=False)
    assert [one.purpose for one in current_notices()] == ["signup", "document_number", "photo"]
    with unit_of_work():
        notices.stop_notice(row.id)
    assert [one.purpose for one in current_notices()] == ["signup", "document_number"]
    assert notices.published_notice("photo", 1).title == "现场照片"


def test_a_required_text_is_never_stopped_and_a_published_one_never_dropped():
    current = current_notices()[0].id
    with pytest.raises(NotFound), unit_of_work():
        notices.stop_notice(current)
    with pytest.raises(NotFound), unit_of_work():
        notices.drop_draft(current)


def test_a_dropped_drafts_number_is_free_again():
    row = drafted()
    with unit_of_work():
        notices.drop_draft(row.id)
    assert drafted().version == 2


@pytest.mark.parametrize(("title", "body"), [("", TEXT), ("告", TEXT), ("告知", "太短"), ("告知", " " * 60)])
def test_a_text_that_says_nothing_is_refused(title, body):
    with pytest.raises(NoticeTooShort):
        drafted(title=title, body=body)


def test_a_purpose_that_is_none_of_ours_is_not_there():
    with pytest.raises(NotFound):
        drafted("anything")


def test_two_desks_at_once_make_one_draft_and_one_text_in_force(app):
    def desk(number: int) -> None:
        with app.app_context():
            row = drafted("photo", TEXT + str(number), required=False)
            # The other desk may have published what this one wrote: then there is nothing new to publish.
            with suppress(NoticeUnchanged), unit_of_work():
                notices.publish_notice(row.id)
            db.session.remove()

    with ThreadPoolExecutor(4) as desks:
        list(desks.map(desk, range(4)))
    rows = db.session.scalars(select(Notice).where(Notice.purpose == "photo")).all()
    assert sum(row.current for row in rows) == 1
    assert len({row.version for row in rows}) == len(rows)
