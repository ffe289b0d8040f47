"""The numbers of the house rules on places, from the settings; docs/decisions says why they are what they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """``before_question`` and ``per_device`` count a device's places ahead, ``per_person`` one person's certified ones.

    After ``no_shows`` absences without a word within ``no_show_months`` the next place is confirmed once more.
    """

    before_question: int = 3
    per_device: int = 12
    per_person: int = 3
    no_shows: int = 2
    no_show_months: int = 12


_rules = Rules()


def use_rules(chosen: Rules) -> None:
    """Install the process's rules; the application factory does it once."""
    global _rules
    _rules = chosen


def rules() -> Rules:
    """Return the process's rules."""
    return _rules
