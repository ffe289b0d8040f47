"""Every blueprint and task module, in the order of the slices; a slice adds itself here and nowhere else."""

from flask import Flask


def register(app: Flask) -> None:
    """Register the JSON routes, the pages and the command line."""
