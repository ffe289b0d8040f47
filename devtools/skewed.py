"""`python -m devtools.skewed PROGRAM …`: a program under libfaketime that can sleep.

With the monotonic clock left alone, libfaketime 0.9.10 refuses the sleep that Python asks for (`clock_nanosleep`,
errno 22); waiting for a lock works.
"""

import runpy
import sys
import threading
import time
from typing import SupportsIndex


def main(argv: list[str]) -> None:
    """Run the module `argv[0]` with the words behind it."""
    never = threading.Event()

    def sleep(seconds: float | SupportsIndex, /) -> None:
        never.wait(float(seconds))

    time.sleep = sleep
    sys.argv = argv
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
