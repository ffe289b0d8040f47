"""Years declared complete, and the ledger of our own numbers (feat-N34).

While nobody declared a year, an unknown number of it is not called unknown (rulings: certificates)."""

from dataclasses import dataclass

from sqlalchemy import case, extract, func, select, update

from chengjiu_mp.certificates import numbering
from chengjiu_mp.certificates.earlier_models import EarlierCertificate, YearDeclaration
from chengjiu_mp.certificates.errors import DeclaredAlready, NotDeclared, YearAhead
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseType

FIRST_YEAR = 1980
# More holes than this are not listed one by one.
_LISTED = 200


@dataclass(frozen=True)
class SeriesLine:
    """A series in the ledger. ``voided``: numbers that are used by nobody, ``left``: those that units' blocks still
    hold; ``revoked`` counts no void. ``gaps``: sequences without any state. There must be none.
    """

    series: NumberSeries
    kind: str
    first: str
    last: str
    standing: int
    corrected: int
    revoked: int
    voided: int
    left: int
    gaps: tuple[int, ...]

    @property
    def given(self) -> int:
        """How many certificates and voids there are."""
        return self.standing + self.corrected + self.revoked + self.voided


@dataclass(frozen=True)
class YearLine:
    """A year in figures: numbers of ours, papers of ledgers, and who declared it complete, if anybody."""

    year: int
    ours: int
    earlier: int
    declared: YearDeclaration | None


def declared_years() -> frozenset[int]:
    """Return the years that a declaration stands for."""
    return frozenset(db.session.scalars(select(YearDeclaration.year).where(YearDeclaration.revoked_at.is_(None))))


def year_is_complete(year: int) -> bool:
    """Return whether somebody declared that every certificate of a year is registered, and it stands."""
    return year in declared_years()


def check_year(year: int) -> int:
    """Return a year that a declaration may be about.

    :raise YearAhead: it has not begun, or is no year
    """
    if not FIRST_YEAR <= year <= clock.today().year:
        raise YearAhead(field="year")
    return year


def declare(year: int, by: Principal) -> YearDeclaration:
    """Declare a year complete. Who may is the caller's to check (approvers of the whole city).

    :raise YearAhead: it has not begun; :raise DeclaredAlready: a declaration stands
    """
    row = insert_into(YearDeclaration).values(
        year=check_year(year), declared_at=clock.now(), declared_by=by.account_id, revoke_reason=""
    )
    stands = YearDeclaration.revoked_at.is_(None)
    added = db.session.scalar(
        row.on_conflict_do_nothing(index_elements=["year"], index_where=stands).returning(YearDeclaration.id)
    )
    if added is None:
        raise DeclaredAlready
    declared = db.session.get_one(YearDeclaration, added)
    audit.record("year.declared_complete", declared, year=year)
    return declared


def take_back(year: int, reason: str, by: Principal) -> None:
    """Take the declaration of a year back, with a reason.

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotDeclared: none stands
    """
    reason = reason_given(reason)
    stands = update(YearDeclaration).where(YearDeclaration.year == year, YearDeclaration.revoked_at.is_(None))
    taken = db.session.scalar(
        stands.values(revoked_at=clock.now(), revoked_by=by.account_id, revoke_reason=reason)
        .returning(YearDeclaration.id)
    )  # fmt: skip
    if taken is None:
        raise NotDeclared
    row = db.session.get_one(YearDeclaration, taken, populate_existing=True)
    audit.record("year.declaration_revoked", row, year=year, reason=reason)


def history(year: int) -> list[YearDeclaration]:
    """Return every declaration of a year, the newest first."""
    of = select(YearDeclaration).where(YearDeclaration.year == year)
    return list(db.session.scalars(of.order_by(YearDeclaration.id.desc())))


def years() -> list[YearLine]:
    """Return every year from the oldest that anything is known of to this one, the newest first."""
    # Certificates, not numbers: what a unit's block still holds was given to nobody.
    given = select(NumberSeries.year, func.count()).where(NumberSeries.mode != "test")
    given = given.join(Certificate, Certificate.series_id == NumberSeries.id)
    ours = {y: int(n) for y, n in db.session.execute(given.group_by(NumberSeries.year))}
    year = extract("year", EarlierCertificate.issued_on)
    earlier = {int(y): n for y, n in db.session.execute(select(year, func.count()).group_by(year))}
    stand = db.session.scalars(select(YearDeclaration).where(YearDeclaration.revoked_at.is_(None)))
    declared = {one.year: one for one in stand}
    this = clock.today().year
    oldest = min([this, *ours, *earlier, *declared])
    return [YearLine(y, ours.get(y, 0), earlier.get(y, 0), declared.get(y)) for y in range(this, oldest - 1, -1)]


def ledger(year: int | None = None) -> list[SeriesLine]:
    """Return the series of a year, or all of them, the newest first: every number from the first to the last has a
    certificate and its state, is void, is left in a block, or stands among the gaps.
    """
    counted = {
        state: func.coalesce(func.sum(case((Certificate.state == state, 1), else_=0)), 0)
        for state in ("issued", "superseded", "revoked")
    }
    query = (
        select(NumberSeries, CourseType.name, *counted.values())
        .join(CourseType, CourseType.id == NumberSeries.course_type_id)
        .outerjoin(Certificate, Certificate.series_id == NumberSeries.id)
        .group_by(NumberSeries.id, CourseType.name, CourseType.sort)
        .order_by(NumberSeries.year.desc(), NumberSeries.mode, CourseType.sort, NumberSeries.id)
    )
    if year is not None:
        query = query.where(NumberSeries.year == year)
    return [_line(series, kind, *map(int, figures)) for series, kind, *figures in db.session.execute(query)]


def _line(series: NumberSeries, kind: str, standing: int, corrected: int, revoked: int) -> SeriesLine:
    blocks = db.session.scalars(
        select(NumberBlock).where(NumberBlock.series_id == series.id, NumberBlock.closed_at.is_(None))
    )
    left = {at for block in blocks for at in numbering.left_of(block)}
    mine = select(NumberVoid.sequence, NumberVoid.certificate_id).where(NumberVoid.series_id == series.id)
    voids = {row.sequence: row.certificate_id for row in db.session.execute(mine)}
    revoked -= sum(of is not None for of in voids.values())
    ours = series.last and series.mode != numbering.EXTERNAL
    first, last = (numbering.number_at(series, at) if ours else "" for at in (1, series.last))
    gaps: tuple[int, ...] = ()
    if standing + corrected + revoked + len(voids) + len(left) != series.last:
        there = set(db.session.scalars(select(Certificate.sequence).where(Certificate.series_id == series.id)))
        there |= left | voids.keys()
        gaps = tuple(n for n in range(1, series.last + 1) if n not in there)[:_LISTED]
    return SeriesLine(series, kind, first, last, standing, corrected, revoked, len(voids), len(left), gaps)
