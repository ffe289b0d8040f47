"""Versions of a certificate: each is one picture under one token, and one job that renders it."""

from sqlalchemy import func, select, update

from chengjiu_mp.certificates.errors import PictureUnderWay
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.templates import name_in_force
from chengjiu_mp.core import audit, ids, jobs, privacy, storage
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.site import site

RENDER_JOB = "certificates.render"


def add_version(certificate: Certificate, name: str, *, version: int, reason: str = "") -> CertificateVersion:
    """Add a version with a token of its own and ask for its picture, in the current transaction.

    The first is drawn by the design in force; a later one keeps the design of the one before (feat-D13).
    """
    token, uid = ids.new_token(), ids.new_uid()
    row = CertificateVersion(
        uid=uid, certificate_id=certificate.id, version=version, name=name, reason=reason,
        template=name_in_force(certificate.course_type_id) if version == 1 else newest_version(certificate.id).template,
        token_hash=ids.token_hash(token), token_sealed=privacy.seal(token, place=CertificateVersion.PLACE, row=uid),
        picture_state="waiting", missing="",
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    jobs.ask(RENDER_JOB, row.id, queue=jobs.RENDER, dedupe_key=f"{RENDER_JOB}:{row.id}")
    return row


def token_of(version: CertificateVersion) -> str:
    """Return the version's token, unsealed."""
    return privacy.unseal(version.token_sealed, place=CertificateVersion.PLACE, row=version.uid)


def verify_path(version: CertificateVersion) -> str:
    """Return the path of the version's public page."""
    return f"/v/{token_of(version)}"


def verify_url(version: CertificateVersion) -> str:
    """Return the address that the picture's code holds."""
    return site().link(verify_path(version))


def newest_version(certificate_id: int) -> CertificateVersion:
    """Return the version that is handed out now."""
    return db.session.scalars(
        select(CertificateVersion)
        .where(CertificateVersion.certificate_id == certificate_id)
        .order_by(CertificateVersion.version.desc())
        .limit(1)
    ).one()


def render_again(version: CertificateVersion, *, unit_id: int | None = None) -> None:
    """Ask once more for a picture: a font was added, its job ended without success, or its file was lost.

    :raise PictureUnderWay: when it is there, or a job for it waits or runs
    """
    of = (Job.kind == RENDER_JOB, Job.subject_id == version.id)
    # The version's row is the lock: two presses at once must not make two jobs.
    db.session.execute(update(CertificateVersion).where(CertificateVersion.id == version.id).values(uid=version.uid))
    open_jobs = db.session.scalar(select(func.count()).where(*of, Job.state.in_(("queued", "running"))))
    if open_jobs or (version.file and storage.media().path(version.file).exists()):
        raise PictureUnderWay
    version.picture_state, version.missing, version.file, version.sha256 = "waiting", "", None, None
    asked = db.session.scalar(select(func.count()).where(*of)) or 0
    jobs.ask(RENDER_JOB, version.id, queue=jobs.RENDER, dedupe_key=f"{RENDER_JOB}:{version.id}:{asked + 1}")
    audit.record("certificate.render_again", version, unit_id=unit_id)
    db.session.flush()
