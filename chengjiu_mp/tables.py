"""Every table, imported once so that the metadata is whole whatever is used first."""

import importlib

SLICES = (
    "core", "units", "people", "outbox", "signin", "venues", "instructors", "courses", "lists", "checkin",
    "exams", "certificates",
)  # fmt: skip


def load() -> None:
    """Import the models of every slice that has tables."""
    for name in SLICES:
        importlib.import_module(f"chengjiu_mp.{name}.models")
