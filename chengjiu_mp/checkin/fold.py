"""Who is checked in is a pure function of the set of scans (rel-C4): how they arrived plays no part."""

from collections.abc import Iterable

from chengjiu_mp.checkin.models import Scan


def fold(scans: Iterable[Scan]) -> Scan | None:
    """Return the scan that checks a sign-up in to a meeting, None when nobody is.

    :param scans: all scans of one sign-up and one meeting, annulments among them, in any order
    """
    return min(live(scans), key=lambda s: (s.scanned_at, s.nonce), default=None)


def live(scans: Iterable[Scan]) -> list[Scan]:
    """Return those that check somebody in: neither refused nor annulled, and no annulments."""
    scans = list(scans)
    gone = {s.annuls_id for s in scans if s.annuls_id is not None}
    return [s for s in scans if s.verdict != "refused" and s.annuls_id is None and s.id not in gone]


def as_it_stood(scans: Iterable[Scan], at: Scan) -> Scan | None:
    """Return the fold right after ``at`` was recorded; a run's scans get their ids one upload at a time."""
    return fold(s for s in scans if s.id <= at.id)
