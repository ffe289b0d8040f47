"""A holder's picture on the certificate: only where the design has a place for it, only before issue, gone with the
person's data.
"""

import base64
from collections.abc import Collection
from functools import partial
from typing import Any

from sqlalchemy import delete, select

from chengjiu_mp.certificates import templates
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.template_errors import PhotoFixed, PhotoNotWanted
from chengjiu_mp.certificates.template_models import HolderPhoto
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.photos import Photo
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup, Syllabus
from chengjiu_mp.courses.refreshing import certified_kind


def wants_photo(run: CourseRun) -> bool:
    """Return whether certificates of this run would be drawn with a picture, as things are now."""
    kind = certified_kind(db.session.get_one(Syllabus, run.syllabus_id).course_type)
    if kind.family == "popular":
        return False
    return templates.has_photo(templates.name_in_force(kind.id))


def may_send(signup: Signup) -> bool:
    """Return whether a picture is wanted of this sign-up and can still be sent."""
    return signup.state in LIVE and signup.outcome != "absent" and wants_photo(signup.run) and not _issued(signup.id)


def put_photo(signup_id: int, photo: Photo, by: Principal) -> None:
    """Keep a sign-up's picture in place of the one before.

    :param photo: a portrait, as ``photos.read_portrait`` draws it
    :raise NotFound: erased, or given up; :raise PhotoNotWanted: no place for it; :raise PhotoFixed: issued already
    """
    # The sign-up's row is the lock: erasing takes it too, so no picture comes after its data went.
    held = select(Signup.id).where(Signup.id == signup_id, Signup.erased_at.is_(None), Signup.state.in_(LIVE))
    if db.session.scalar(held.with_for_update()) is None:
        raise NotFound
    signup = db.session.get_one(Signup, signup_id)
    if _issued(signup_id):
        raise PhotoFixed
    if not wants_photo(db.session.get_one(CourseRun, signup.run_id)):
        raise PhotoNotWanted
    file = media().put(photo.data, "jpg")
    before = db.session.get(HolderPhoto, signup_id, populate_existing=True)
    if before is not None and before.file == file:
        return
    forget_photos([signup_id])
    db.session.add(HolderPhoto(signup_id=signup_id, file=file, uploaded_at=clock.now(), account_id=by.account_id))
    db.session.flush()
    audit.record("photo.put", signup, unit_id=signup.owner_unit_id)


def photo_of(signup_id: int) -> bytes | None:
    """Return a sign-up's picture as JPEG, None where there is none."""
    row = db.session.get(HolderPhoto, signup_id, populate_existing=True)
    return media().get(row.file) if row and media().path(row.file).exists() else None


def have_photos(signup_ids: Collection[int]) -> set[int]:
    """Return those of these sign-ups that have a picture."""
    query = select(HolderPhoto.signup_id).where(HolderPhoto.signup_id.in_(signup_ids))
    return set(db.session.scalars(query))


def export_person(signup_ids: Collection[int]) -> list[dict[str, Any]]:
    """Return [{signup_id, uploaded_at, jpeg: the file in base64}] for the person's own data (rel-P4)."""
    query = select(HolderPhoto).where(HolderPhoto.signup_id.in_(signup_ids)).order_by(HolderPhoto.signup_id)
    found = [(row, photo_of(row.signup_id)) for row in db.session.scalars(query)]
    return [
        {"signup_id": row.signup_id, "uploaded_at": row.uploaded_at, "jpeg": base64.b64encode(jpeg).decode()}
        for row, jpeg in found
        if jpeg is not None
    ]


def forget_photos(signup_ids: Collection[int]) -> int:
    """Delete the pictures of these sign-ups, rows at once and files after the commit; return how many."""
    gone = delete(HolderPhoto).where(HolderPhoto.signup_id.in_(signup_ids)).returning(HolderPhoto.file)
    files = db.session.scalars(gone).all()
    # Two sign-ups of one person may show the same picture.
    kept = set(db.session.scalars(select(HolderPhoto.file).where(HolderPhoto.file.in_(files)))) if files else set()
    for file in set(files) - kept:
        after_commit(partial(media().discard, file))
    return len(files)


def _issued(signup_id: int) -> bool:
    return db.session.scalar(select(Certificate.id).where(Certificate.signup_id == signup_id).limit(1)) is not None
