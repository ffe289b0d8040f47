"""Files that the product made: written whole or not at all, named by what they hold.

A file is written beside its place, synced, and renamed (rel-I10): no reader ever sees half of one. Names are hashes
of the content, so writing the same bytes twice is harmless and no name holds personal data."""

import hashlib
import os
import secrets
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import BinaryIO


class Storage:
    """A folder of content-addressed files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes, suffix: str) -> str:
        """Store ``data`` and return its name, ``<sha256>.<suffix>``."""
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest}.{suffix}"
        final = self.path(name)
        if final.exists():
            return name
        final.parent.mkdir(parents=True, exist_ok=True)
        half = final.with_name(f".{digest}.{secrets.token_hex(4)}.part")
        try:
            with half.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.replace(final)
        finally:
            half.unlink(missing_ok=True)
        return name

    def put_made(self, make: Callable[[BinaryIO], object], suffix: str) -> str:
        """Store what ``make`` writes into a file, of any length, and return its name as :meth:`put` does."""
        self._root.mkdir(parents=True, exist_ok=True)
        half = self._root / f".{secrets.token_hex(16)}.part"
        try:
            with half.open("x+b") as file:
                make(file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            final = self.path(f"{digest}.{suffix}")
            final.parent.mkdir(parents=True, exist_ok=True)
            half.replace(final)
        finally:
            half.unlink(missing_ok=True)
        return final.name

    def get(self, name: str) -> bytes:
        """Return the bytes.

        :raise FileNotFoundError: when there is no such file
        """
        return self.path(name).read_bytes()

    def discard(self, name: str) -> None:
        """Delete a file that is needed no more; one that is gone already is no fault."""
        self.path(name).unlink(missing_ok=True)

    def names(self, suffixes: Collection[str], *, before: datetime) -> list[str]:
        """Return the names of files of these suffixes that were written before a moment."""
        found = (path for suffix in suffixes for path in self._root.glob(f"??/*.{suffix}"))
        return sorted(path.name for path in found if _older(path, before))

    def discard_halves(self, *, before: datetime) -> None:
        """Delete what a process that was killed had begun to write before a moment."""
        for path in (*self._root.glob(".*.part"), *self._root.glob("??/.*.part")):
            if _older(path, before):
                path.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return where ``name`` lives."""
        return self._root / name[:2] / name


def _older(path: Path, before: datetime) -> bool:
    try:
        return path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


_storage: Storage | None = None


def use_storage(storage: Storage) -> None:
    """Install the process's storage; the application factory does it once."""
    global _storage
    _storage = storage


def media() -> Storage:
    """Return the process's storage."""
    if _storage is None:
        raise RuntimeError("no storage: build the application first")
    return _storage
