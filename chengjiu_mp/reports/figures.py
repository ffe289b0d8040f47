"""The shapes of progress: what the board and the console show, without how it was counted."""

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Figure:
    """``target`` is None while none was handed down (年度任务未下达)."""

    target: int | None = None
    done: int = 0


@dataclass
class Line:
    """One row of the plan, or the sum of them; ``unit_id`` is 0 in sums.

    ``junior`` is part of ``certified``, ``online`` is apart from ``popular``."""

    unit_id: int = 0
    name: str = ""
    certified: Figure = field(default_factory=Figure)
    junior: Figure = field(default_factory=Figure)
    popular: Figure = field(default_factory=Figure)
    online: int = 0
    runs: int = 0


@dataclass
class SectorLine:
    """One of 六进; the plan sets no targets for them."""

    sector_id: int
    name: str
    certified: int = 0
    popular: int = 0
    online: int = 0
    runs: int = 0


@dataclass
class Counters:
    """百千万, from 2022 through the year shown: instructors now, runs held, people reached, of whom certified.

    ``people`` is heads of popular courses on site and certificates counted; ``people_online`` is apart."""

    instructors: int = 0
    instructors_unknown: int = 0
    runs: int = 0
    people: int = 0
    people_online: int = 0
    certified: int = 0


@dataclass
class ClassLine:
    """One class of people (重点人群), one of 六进, or the sum. ``trained``: came to a course that gives certificates.

    All are 人次; ``junior`` is part of ``certified``, ``online`` is apart from ``popular``."""

    key: str
    name: str
    trained: int = 0
    certified: int = 0
    junior: int = 0
    popular: int = 0
    online: int = 0


@dataclass
class Classes:
    """The same people, heads and certificates, once by class and once by sector; each adds up to ``totals``."""

    since: date
    until: date
    unit_id: int | None
    groups: list[ClassLine]
    sectors: list[ClassLine]
    totals: ClassLine
    # 人数: different persons among ``totals.trained``.
    persons: int


@dataclass
class Progress:
    """A year's progress, counted in one statement per kind of row, so that rows, sectors and totals agree."""

    year: int
    as_of: date
    title: str
    reference: str
    is_sample: bool
    has_targets: bool
    rows: list[Line]
    unassigned: Line
    totals: Line
    sectors: list[SectorLine]
    counters: Counters
    # 人数: different persons among the year's counted certificates (certified.done is 人次).
    persons: int
