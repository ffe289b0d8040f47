"""The pace of a long import: whoever works on one lets others have their turn."""

import time

# An SQLite connection that waits to write looks again after a tenth of a second at the latest, and on a small machine
# every page feels work beside it (rel-F22): 10,000 lines may take a minute.
_REST, _LONGEST = 2.0, 0.15


def rest(began: float) -> None:
    """Rest twice as long as a step took that began at ``began`` (seconds of the monotonic clock), never long."""
    time.sleep(min(_REST * (time.monotonic() - began), _LONGEST))
