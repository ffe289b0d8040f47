"""Notices: drafted by one, published with a version; what was published is never changed."""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit, clock, context
from chengjiu_mp.core.db import db, violated
from chengjiu_mp.core.errors import NotFound, StaleVersion
from chengjiu_mp.people.errors import NoticeTooShort, NoticeUnchanged
from chengjiu_mp.people.models import Notice

# One purpose, one text, one tick (PIPL art. 14, 23, 25, 29). The first two are what a sign-up cannot do without, the
# third what a child's cannot.
PURPOSES: Mapping[str, str] = {
    "signup": "报名信息",
    "document_number": "证件号码",
    "guardian": "监护人同意（未满 14 周岁）",
    "employer": "向所在单位提供培训结果",
    "name_list": "公示合格名单",
    "photo": "现场照片用于宣传",
}
ALWAYS_REQUIRED = frozenset({"signup", "document_number", "guardian"})
SHORTEST = 30
_TRIES = 3


def draft_notice(purpose: str, title: str, body: str, *, required: bool) -> Notice:
    """Return the purpose's draft, written anew or over; nobody sees it but staff.

    What the sign-up cannot do without stays required whatever is said.

    :raise NotFound: no such purpose; :raise NoticeTooShort: a title or a text that says nothing
    :raise StaleVersion: other desks were faster each time
    """
    if purpose not in PURPOSES:
        raise NotFound
    title, body = title.strip(), body.strip().replace("\r\n", "\n")
    if len(title) < 2:
        raise NoticeTooShort("请写标题，至少两个字。", field="title")
    if len(body) < SHORTEST:
        raise NoticeTooShort(field="body")
    values = {
        "title": title, "body": body, "sha256": _digest(body), "required": required or purpose in ALWAYS_REQUIRED,
        "drafted_by": context.principal().account_id,
    }  # fmt: skip
    # Another desk may draft, and even publish, between one look and the next.
    tries = (way(purpose, values) for _ in range(_TRIES) for way in (_write_over, _insert))
    draft = next(filter(None, tries), None)
    if draft is None:
        raise StaleVersion
    audit.record("notice.drafted", draft, purpose=purpose, version=draft.version)
    db.session.flush()
    return draft


def _write_over(purpose: str, values: dict[str, object]) -> Notice | None:
    mine = update(Notice).where(Notice.purpose == purpose, Notice.published_at.is_(None)).values(**values)
    found = db.session.scalar(mine.returning(Notice.id))
    return db.session.get_one(Notice, found, populate_existing=True) if found else None


def _insert(purpose: str, values: dict[str, object]) -> Notice | None:
    last = db.session.scalar(select(func.max(Notice.version)).where(Notice.purpose == purpose)) or 0
    fresh = Notice(purpose=purpose, version=last + 1, current=False, published_at=None, **values)
    try:
        with db.session.begin_nested():
            db.session.add(fresh)
    except IntegrityError as exc:
        # Two desks drafted one purpose at once: the other one's draft is there now, and is written over.
        if not (violated(exc, "uq_notice_one_draft") or violated(exc, "uq_notice_purpose_version")):
            raise
        return None
    return fresh


def publish_notice(notice_id: int) -> Notice:
    """Put a draft in force from now on; the version before it stays readable. Again: nothing changes.

    :raise NotFound: there is no such text; :raise NoticeUnchanged: it says what is in force already
    """
    purpose = db.session.scalar(select(Notice.purpose).where(Notice.id == notice_id))
    if purpose is None:
        raise NotFound
    # All texts of the purpose are the lock; what is read after it was taken is what the desk before left.
    of = select(Notice).where(Notice.purpose == purpose).order_by(Notice.id)
    db.session.execute(of.with_for_update())
    rows = db.session.scalars(of.execution_options(populate_existing=True)).all()
    draft = next((one for one in rows if one.id == notice_id), None)
    before = next((one for one in rows if one.current), None)
    if draft is None:
        raise NotFound
    if draft.published_at is not None:
        return draft
    if before and (before.sha256, before.title, before.required) == (draft.sha256, draft.title, draft.required):
        raise NoticeUnchanged
    if before:
        before.current = False
        db.session.flush()
    draft.current, draft.published_at, draft.published_by = True, clock.now(), context.principal().account_id
    audit.record("notice.published", draft, purpose=draft.purpose, version=draft.version, required=draft.required)
    db.session.flush()
    return draft


def drop_draft(notice_id: int) -> None:
    """Take a draft away; a published text stays.

    :raise NotFound: there is no such draft
    """
    draft = db.session.scalars(select(Notice).where(Notice.id == notice_id, Notice.published_at.is_(None))).first()
    if draft is None:
        raise NotFound
    audit.record("notice.dropped", draft, purpose=draft.purpose, version=draft.version)
    db.session.delete(draft)
    db.session.flush()


def stop_notice(notice_id: int) -> None:
    """Ask for an optional consent no longer; what was agreed to stays on the ledger.

    :raise NotFound: it is not in force, or is one that no sign-up can do without
    """
    ended = (
        update(Notice)
        .where(Notice.id == notice_id, Notice.current, Notice.purpose.not_in(ALWAYS_REQUIRED))
        .values(current=False)
        .returning(Notice.id)
    )
    found = db.session.scalar(ended)
    if found is None:
        raise NotFound
    notice = db.session.get_one(Notice, found, populate_existing=True)
    audit.record("notice.stopped", notice, purpose=notice.purpose, version=notice.version)
    db.session.flush()


def published_notice(purpose: str, version: int) -> Notice:
    """Return a text as people agreed to it, in force or not.

    :raise NotFound: there is none
    """
    found = db.session.scalars(
        select(Notice).where(
            Notice.purpose == purpose, Notice.version == version, Notice.published_at.is_not(None)
        )
    ).first()  # fmt: skip
    if found is None:
        raise NotFound
    return found


def published_versions(purpose: str) -> Sequence[Notice]:
    """Return every text of a purpose that was ever in force, the newest first."""
    query = select(Notice).where(Notice.purpose == purpose, Notice.published_at.is_not(None))
    return db.session.scalars(query.order_by(Notice.version.desc())).all()


def draft_of(purpose: str) -> Notice | None:
    """Return the purpose's draft, None where there is none."""
    return db.session.scalars(
        select(Notice).where(Notice.purpose == purpose, Notice.published_at.is_(None))
    ).first()  # fmt: skip


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
