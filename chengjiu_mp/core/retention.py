"""How long personal data is kept. The application factory installs the periods; the nightly job and the privacy page
read them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Periods:
    """Days that each kind of data lives on after its purpose ended; 0 is at once, at the next night's run.

    Rulings: a person's indexes live as long as the last certificate and three years. The other periods are what the
    notices promise or what comparable cities use; nobody has confirmed them (待业务核实).
    """

    # A sign-up of somebody present who holds no certificate, after its run ended.
    uncertified: int = 365
    # A sign-up that came to nothing (withdrawn, refused, not promoted, absent), after its run ended.
    unfinished: int = 180
    # A person, after the last certificate's last day.
    certified: int = 1095
    messages: int = 180
    codes: int = 1
    # Sessions that have ended.
    sessions: int = 30
    # Replies kept for their repeat.
    replies: int = 7


_periods = Periods()


def use_periods(chosen: Periods) -> None:
    """Install the process's periods; the application factory does it once."""
    global _periods
    _periods = chosen


def periods() -> Periods:
    """Return the process's periods."""
    return _periods
