"""Ages in full years, on a given day."""

from datetime import date


def age_on(birth: date, day: date) -> int:
    """Return full years of age on `day`; negative before birth.

    Somebody born on 29 February is a year older on 1 March of common years: until then they keep a child's protection.
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
