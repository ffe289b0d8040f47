"""待补字: certificates whose picture waits for a font, what exactly they wait for, and making them once it is here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import contains_eager

from chengjiu_mp.certificates import versions
from chengjiu_mp.certificates.errors import PictureUnderWay
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.queries import newest_version_number
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.fonts import FontChain, missing_glyphs

MOST = 500


@dataclass(frozen=True)
class Wait:
    """One certificate that waits.

    ``characters`` are those that were missing when it was last drawn, ``still`` those that are missing now.
    """

    certificate: Certificate
    version: CertificateVersion
    characters: tuple[str, ...]
    still: tuple[str, ...]

    @property
    def since(self) -> datetime:
        """When its picture was first asked for."""
        return self.version.created_at

    @property
    def days(self) -> int:
        """Whole days of waiting."""
        return (clock.now() - self.since).days


def waiting(visible: ColumnElement[bool], chain: FontChain) -> list[Wait]:
    """Return what waits among the visible certificates that stand, the longest waiting first, at most 500."""
    rows = db.session.scalars(
        select(CertificateVersion)
        .join(CertificateVersion.certificate)
        .options(contains_eager(CertificateVersion.certificate))
        .where(visible, Certificate.state != "revoked", CertificateVersion.picture_state == "missing_glyphs")
        .where(CertificateVersion.version == newest_version_number())
        .order_by(CertificateVersion.created_at, CertificateVersion.id)
        .limit(MOST)
    )
    return [_wait(row, chain) for row in rows]


def _wait(row: CertificateVersion, chain: FontChain) -> Wait:
    characters = tuple(chr(int(point[2:], 16)) for point in row.missing.split() if point.startswith("U+"))
    # A list that was cut in the row may be longer: the name says the rest.
    still = missing_glyphs("".join((*characters, row.name)), chain)
    return Wait(row.certificate, row, characters, still)


def by_character(waits: Iterable[Wait]) -> dict[str, int]:
    """Return {character: how many certificates wait for it}, the most wanted first."""
    counts: dict[str, int] = {}
    for wait in waits:
        for char in wait.characters:
            counts[char] = counts.get(char, 0) + 1
    return dict(sorted(counts.items(), key=lambda one: -one[1]))


def make_again(waits: Sequence[Wait]) -> int:
    """Ask for the pictures of those that a font has come for; return how many. Doing it twice asks once."""
    made = 0
    for wait in waits:
        if wait.still:
            continue
        try:
            versions.render_again(wait.version, unit_id=wait.certificate.owner_unit_id)
        except PictureUnderWay:
            continue
        made += 1
    return made
