"""How property tests run here: the same examples on every machine, and no clock that fails a busy one."""

from hypothesis import settings

steady = settings(deadline=None, derandomize=True, database=None)
