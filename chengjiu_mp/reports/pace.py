"""Linear pace: where a row stands against the share of the year that has passed. For staff; the board ranks nobody."""

import calendar
from dataclasses import dataclass
from datetime import date

from chengjiu_mp.reports.figures import Figure


@dataclass(frozen=True)
class Pace:
    """``forecast`` is the figure at the year's end if it goes on like this; ``behind`` compares it with the target."""

    share_of_year: float
    expected: int | None
    forecast: int | None
    behind: bool


def share_of_year(year: int, as_of: date) -> float:
    """Return how much of ``year`` has passed at the end of ``as_of``: 0 before it, 1 after it."""
    if as_of.year != year:
        return 1.0 if as_of.year > year else 0.0
    return as_of.timetuple().tm_yday / (366 if calendar.isleap(year) else 365)


def pace_of(figure: Figure, year: int, as_of: date) -> Pace:
    """Return the pace of a figure; without a target nothing is expected, before the year nothing is foretold."""
    share = share_of_year(year, as_of)
    expected = None if figure.target is None else int(figure.target * share)
    forecast = int(figure.done / share) if share else None
    return Pace(share, expected, forecast, behind=expected is not None and figure.done < expected)


def ranks(figures: dict[int, Figure]) -> dict[int, int]:
    """Return {key: place} by share of the target reached, the best first; equal shares share a place."""
    shares = {key: f.done / f.target for key, f in figures.items() if f.target}
    ordered = sorted(shares.values(), reverse=True)
    return {key: ordered.index(share) + 1 for key, share in shares.items()}
