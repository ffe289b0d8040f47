"""The worker's side of a picture: read the state again, draw outside of any transaction, then record file and hash.

Killed anywhere, it is simply done again: the same data, template and fonts give the same bytes under the same name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlalchemy import update

from chengjiu_mp.certificates import picture
from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.holder_photos import photo_of
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.templates import look_of
from chengjiu_mp.certificates.versions import verify_url
from chengjiu_mp.core import hooks, privacy, storage
from chengjiu_mp.core.db import db, end_read
from chengjiu_mp.core.fonts import MissingGlyphs, discover_fonts
from chengjiu_mp.courses.models import CourseRun, CourseType, Syllabus
from chengjiu_mp.people.documents import mask_document
from chengjiu_mp.people.models import Person

SUFFIX = "jpg"


@dataclass(frozen=True)
class Studio:
    """Where fonts lie that staff dropped in, and what crosses the page of a demonstration's certificates."""

    font_dirs: Sequence[Path] = ()
    watermark: str | None = None


_studio = Studio()


def use_studio(studio: Studio) -> None:
    """Install the process's studio; the application factory does it once."""
    global _studio
    _studio = studio


def render_version(version_id: int) -> Callable[[], None] | None:
    """Draw and store a version's picture; return the effect that records it, None when it is there already."""
    version = db.session.get(CertificateVersion, version_id, populate_existing=True)
    if version is None or version.picture_state == "ready":
        return None
    face = face_of(version)
    end_read()
    hooks.slow_down("render_sleep_ms")
    chain = discover_fonts(_studio.font_dirs)
    try:
        data = picture.render(face, chain, "jpeg")
    except MissingGlyphs as exc:
        missing = " ".join(exc.codepoints)[:200]
        return lambda: _record(version_id, picture_state="missing_glyphs", missing=missing)
    name = storage.media().put(data, SUFFIX)
    sha256, fonts = name.partition(".")[0], chain.font_set_id
    return lambda: _record(version_id, picture_state="ready", missing="", file=name, sha256=sha256, font_set=fonts)


def face_of(version: CertificateVersion) -> CertificateFace:
    """Return what is printed on a version.

    :raise UnknownTemplate: this release cannot draw its design
    """
    look, emblem = look_of(version.template)
    certificate = db.session.get_one(Certificate, version.certificate_id)
    run = db.session.get_one(CourseRun, certificate.run_id)
    syllabus = db.session.get_one(Syllabus, certificate.syllabus_id)
    # A refresher's own name stands in its run and its syllabus; the certificate is of the kind that it renews.
    kind = db.session.get_one(CourseType, certificate.course_type_id)
    return CertificateFace(
        kind_name=kind.name, number=certificate.number, holder_name=version.name,
        issued_on=certificate.issued_on, valid_until=certificate.valid_until, run_title=run.title,
        hours=Decimal(str(syllabus.hours)), syllabus=f"{syllabus.course_type.name}教学大纲 第 {syllabus.version} 版",
        verify_url=verify_url(version), template=version.template, title=look.title, issuer=look.issuer,
        watermark="测试" if certificate.is_test else _studio.watermark, emblem=emblem, look=look,
        document_tail=_tail(certificate) if look.document_tail else None,
        photo=photo_of(certificate.signup_id) if look.photo else None,
    )  # fmt: skip


def _tail(certificate: Certificate) -> str | None:
    """The masked document number, None when the holder's data was erased."""
    person = db.session.get_one(Person, certificate.person_id)
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    return mask_document(number) if number else None


def _record(version_id: int, **values: object) -> None:
    # A version that is ready stays as it was handed out, whatever a late twin of its job brings.
    waiting = update(CertificateVersion).where(
        CertificateVersion.id == version_id, CertificateVersion.picture_state != "ready"
    )
    db.session.execute(waiting.values(**values))
