"""Ages in full years, on a given day."""

from datetime import date


def age_on(birth: date, day: date) -> int:
    """Return full years of age on `day`; negative before birth.

    Somebody born on 29 February is a year older on 1 March of common years: until then they keep a child's protection.
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birthday(birth: date, age: int) -> date:
    """Return the first day on which somebody is `age` years old, as :func:`age_on` counts."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)
