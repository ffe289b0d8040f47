"""Whether a SQLite file already has the newest schema, told without importing the application.

Starting the whole application only to find nothing to migrate would double the time of a warm start.
Any doubt counts as "no": then the real migration command runs and decides.
"""

import contextlib
import re
import sqlite3
from pathlib import Path

from devtools.paths import ROOT

VERSIONS = ROOT / "migrations/versions"
_REVISION = re.compile(r"""^revision(?::[^=]+)? *= *["']([^"']+)["']""", re.MULTILINE)
_PARENTS = re.compile(r"^down_revision(?::[^=]+)? *= *(.+)$", re.MULTILINE)


def is_current(database: Path, versions: Path = VERSIONS) -> bool:
    """Return whether the file's one recorded revision is the only head of the scripts in `versions`."""
    recorded = _recorded(database)
    return recorded is not None and recorded == _head(versions)


def _head(versions: Path) -> str | None:
    revisions: set[str] = set()
    parents: set[str] = set()
    for script in versions.glob("*.py"):
        text = script.read_text(encoding="utf-8")
        names, below = _REVISION.findall(text), _PARENTS.findall(text)
        if len(names) != 1 or len(below) != 1:
            return None
        revisions.update(names)
        parents.update(re.findall(r"""["']([^"']+)["']""", below[0]))
    heads = revisions - parents
    return heads.pop() if len(heads) == 1 else None


def _recorded(database: Path) -> str | None:
    if not database.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error:
        return None
    return str(rows[0][0]) if len(rows) == 1 else None
