"""How the tests start Chromium: without its own traffic, which a closed network would refuse by the hundred."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def apart(call: Callable[[], Any]) -> Any:
    """Call it on a thread of its own: a browser that an earlier test left open keeps a loop running on this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()
