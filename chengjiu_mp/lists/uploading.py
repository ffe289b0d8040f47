"""A sheet on its way in: looked at from outside, kept sealed, handed to a worker; then confirmed by the liaison.

The file lies sealed under an opaque name until a worker has read it; after a day it is gone in any case.
"""

import base64
from datetime import timedelta

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock, context, ids, jobs, privacy, spreadsheet
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.storage import media
from chengjiu_mp.lists.errors import AgreementMissing, UploadNotReady
from chengjiu_mp.lists.models import UnitList, UnitListUpload

READ = "lists.read"
ENROL = "lists.enrol"
FILE_LIVES = timedelta(hours=24)


def receive(of: UnitList, content: bytes) -> UnitListUpload:
    """Return the upload of a file, its reading asked for.

    :raise SheetRefused: by its size and directory alone; nothing of it was decoded
    """
    spreadsheet.check(content)
    uid = ids.new_uid()
    sealed = privacy.seal(base64.b64encode(content).decode(), place=UnitListUpload.PLACE, row=uid)
    row = UnitListUpload(
        uid=uid, list_id=of.id, file=media().put(sealed, "sealed"), uploaded_by=context.principal().account_id
    )
    db.session.add(row)
    db.session.flush()
    jobs.ask(READ, row.id, queue=jobs.SLOW, dedupe_key=_key(READ, row))
    audit.record("unit_list.uploaded", of, unit_id=of.unit_id, upload=row.id)
    return row


def content_of(upload: UnitListUpload) -> bytes:
    """Return the file's bytes.

    :raise FileNotFoundError: when it is gone
    """
    if upload.file is None:
        raise FileNotFoundError
    sealed = media().get(upload.file)
    return base64.b64decode(privacy.unseal(sealed, place=UnitListUpload.PLACE, row=upload.uid))


def forget_file(upload: UnitListUpload) -> None:
    """Delete the file once this transaction is in."""
    name, upload.file = upload.file, None
    if name:
        after_commit(lambda: media().discard(name))


def confirm(of: UnitList, upload: UnitListUpload, *, agreed: bool) -> None:
    """Ask for the enrolment of what was read; a second tap changes nothing.

    :param agreed: the liaison says that everybody on it has read the notices and agrees
    :raise AgreementMissing, UploadNotReady: as they say
    """
    if not agreed:
        raise AgreementMissing(field="agreed")
    taken = db.session.execute(
        update(UnitListUpload)
        .where(UnitListUpload.id == upload.id, UnitListUpload.state == "read")
        .values(state="enrolling", agreed_at=clock.now(), leg=UnitListUpload.leg + 1, leg_from=0)
        .returning(UnitListUpload.id)
    ).first()
    db.session.refresh(upload)
    if taken is None:
        if upload.state in ("enrolling", "done"):
            return
        raise UploadNotReady
    jobs.ask(ENROL, upload.id, queue=jobs.SLOW, dedupe_key=_key(ENROL, upload))
    audit.record("unit_list.confirmed", of, unit_id=of.unit_id, upload=upload.id, rows=upload.total)


def next_leg(upload_id: int, kind: str, finished: int) -> None:
    """Ask for the next stretch of a long work, with attempts of its own; ``finished`` counts the lines done so far."""
    upload = db.session.get_one(UnitListUpload, upload_id)
    upload.leg, upload.leg_from = upload.leg + 1, finished
    db.session.flush()
    if kind == READ:
        jobs.ask(READ, upload_id, queue=jobs.SLOW, dedupe_key=_key(kind, upload))
    else:
        jobs.ask(ENROL, upload_id, queue=jobs.SLOW, dedupe_key=_key(kind, upload))


def stopped(upload: UnitListUpload) -> bool:
    """Return whether the work on an upload has given up and waits for somebody to send it on."""
    if upload.state not in ("queued", "enrolling"):
        return False
    return db.session.scalar(select(Job.state).where(Job.dedupe_key == _key(_kind(upload), upload))) == "dead"


def send_on(upload: UnitListUpload) -> None:
    """Let a stopped work go on where it stopped."""
    if stopped(upload):
        next_leg(upload.id, _kind(upload), upload.leg_from)


def _kind(upload: UnitListUpload) -> str:
    return READ if upload.state == "queued" else ENROL


def _key(kind: str, upload: UnitListUpload) -> str:
    return f"{kind}:{upload.id}:{upload.leg}"
