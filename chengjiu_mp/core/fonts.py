"""Which fonts are here, and which of them draws a character.

Pillow draws the empty box of a missing glyph without a word, so every character is looked up before it is
drawn, and a text that nobody can draw raises :class:`MissingGlyphs`. No network, no database, no clock.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

log = logging.getLogger(__name__)

Look = Literal["serif", "sans"]

_WHEEL = "pylopdf_fonts_zh_cn"
_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts/truetype/hanazono"),
    Path("/usr/share/fonts/truetype/babelstone-han"),
    Path("/usr/share/fonts/truetype/babelstone"),
    Path("/usr/share/fonts/opentype/noto"),
    Path("/usr/local/share/fonts"),
)
# Known names only: a face picked up by accident would change how every certificate of this machine looks.
_SYSTEM_FILES = (
    "HanaMinA.ttf",
    "HanaMinB.ttf",
    "BabelStoneHan.ttf",
    "NotoSerifCJK-Regular.ttc",
    "NotoSansCJK-Regular.ttc",
)
_CODE_POINTS = 0x110000
_SUFFIXES = frozenset({".otf", ".ttf", ".ttc", ".otc"})
# Layout controls print nothing; a text may hold them and still be drawn in full.
_INVISIBLE = frozenset("\n\r\t")


class MissingGlyphs(Exception):
    """No installed font draws these characters. Holds code points only, never the text (it may be a name)."""

    def __init__(self, codepoints: Sequence[str]) -> None:
        self.codepoints = tuple(codepoints)
        super().__init__(f"no font draws {' '.join(self.codepoints)}")


class NoFonts(Exception):
    """Not one usable font was found: the wheel is not installed and no folder holds a font file."""


@dataclass(frozen=True)
class FontFace:
    """One face of one font file. ``number`` is its place inside a collection, 0 for a plain font."""

    path: Path
    number: int = 0

    @property
    def serif(self) -> bool:
        """Whether the face belongs to the book-like (宋体) family rather than the plain (黑体) one."""
        return "sans" not in self.path.name.lower()

    def covers(self, char: str) -> bool:
        """Whether this face has a drawing of its own for one character."""
        code = ord(char)
        return bool(_coverage(self.path, self.number)[code >> 3] >> (code & 7) & 1)

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The face at a size in pixels, loaded once per process and size."""
        return _load(self.path, self.number, size)

    def identity(self) -> str:
        """File name, face, size in bytes and the version the font itself states."""
        return f"{self.path.name}|{self.number}|{self.path.stat().st_size}|{_version(self.path, self.number)}"


@dataclass(frozen=True)
class Run:
    """A stretch of text drawn by one loaded face; ``advance`` is its width in pixels."""

    text: str
    font: ImageFont.FreeTypeFont
    advance: float


@dataclass(frozen=True)
class FontChain:
    """Faces in the order they are asked for a character: the first that has it draws it."""

    faces: tuple[FontFace, ...]

    def face_for(self, char: str) -> FontFace | None:
        """The first face that draws ``char``, or None. Private-use code points are never anybody's name."""
        if unicodedata.category(char) == "Co":
            return None
        return next((face for face in self.faces if face.covers(char)), None)

    def runs(self, text: str, size: int) -> tuple[Run, ...]:
        """``text`` cut where the face changes, measured at ``size`` pixels.

        :raise MissingGlyphs: if any character has no face, before anything is drawn
        """
        return _runs(self, text, size)

    def led_by(self, look: Look) -> FontChain:
        """The same set of faces with the 宋体 (serif) or the 黑体 (sans) ones asked first."""
        wanted = look == "serif"
        return replace(self, faces=tuple(sorted(self.faces, key=lambda face: face.serif is not wanted)))

    @property
    def font_set_id(self) -> str:
        """12 hex digits; another value means a font file came, went or was replaced by another release."""
        return _identity(self.led_by("serif").faces)


def discover_fonts(folders: Sequence[Path] = ()) -> FontChain:
    """The chain of this machine: the wheel's Noto 宋体 and 黑体, ``folders``, the system's known fonts.

    ``folders`` is where staff drop a font for a character that is still missing. It stands behind the wheel,
    so that such a file fills gaps and never changes how the other certificates look, and before the system's
    fonts, so that a better drawing of a rare character can be put in place of theirs. A file that is no font
    is left out with a warning in the log: one bad copy must not stop every certificate.

    :raise NoFonts: if nothing was found at all
    """
    dropped = [path for folder in folders for path in _font_files(folder) if _usable(path)]
    system = [folder / name for name in _SYSTEM_FILES for folder in _SYSTEM_FOLDERS]
    paths = dict.fromkeys([*_wheel_files(), *dropped, *(path for path in system if path.is_file())])
    if not paths:
        raise NoFonts
    return FontChain(tuple(FontFace(path, _simplified_face(path)) for path in paths)).led_by("serif")


def missing_glyphs(text: str, chain: FontChain) -> tuple[str, ...]:
    """Code points ("U+2EBF0") of ``text`` that no face of ``chain`` draws, each once, in reading order."""
    absent = (char for char in text if char not in _INVISIBLE and chain.face_for(char) is None)
    return tuple(dict.fromkeys(f"U+{ord(char):04X}" for char in absent))


_folders: tuple[Path, ...] = ()


def use_font_folders(folders: Sequence[Path]) -> None:
    """Install the folders where staff drop fonts; the application factory does it once."""
    global _folders
    _folders = tuple(folders)


def installed_fonts() -> FontChain:
    """The process's chain: looked for again when a file came to one of the folders or left it.

    :raise NoFonts: if nothing was found at all
    """
    stamps = tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in _folders)
    return _discovered(_folders, stamps)


@lru_cache(maxsize=2)
def _discovered(folders: tuple[Path, ...], _stamps: tuple[int, ...]) -> FontChain:
    return discover_fonts(folders)


def undrawable(text: str) -> tuple[str, ...]:
    """Code points of ``text`` that this machine cannot draw, as :func:`missing_glyphs` gives them.

    Cheap for nearly every name: what GB 2312 holds is in the wheel's fonts, and no font is opened for it.
    """
    rare = "".join(char for char in text if not _in_gb2312(char))
    try:
        return missing_glyphs(rare, installed_fonts()) if rare else ()
    except NoFonts:
        return ()


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _wheel_files() -> Iterator[Path]:
    # find_spec reads no package code; importing the wheel would pull in the PDF library it was made for.
    spec = importlib.util.find_spec(_WHEEL)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(_font_files(Path(folder)), key=lambda path: "Sans" in path.name)


def _font_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def _usable(path: Path) -> bool:
    try:
        number = _simplified_face(path)
        _coverage(path, number)
        _load(path, number, 16)
    except (TTLibError, OSError, struct.error, KeyError, AssertionError) as exc:
        log.warning("fonts.unreadable", extra={"font": path.name, "error": type(exc).__name__})
        return False
    return True


@lru_cache(maxsize=64)
def _simplified_face(path: Path) -> int:
    """Collections hold one face per region; the mainland's shapes are the right ones here."""
    if path.suffix.lower() not in {".ttc", ".otc"}:
        return 0
    with path.open("rb") as file, TTCollection(file, lazy=True) as collection:
        names = [str(font["name"].getDebugName(6)).lower() for font in collection.fonts]
    return next((number for number, name in enumerate(names) if "sc" in name.split("-")[0][-3:]), 0)


@lru_cache(maxsize=64)
def _coverage(path: Path, number: int) -> bytes:
    """A bit per code point: 140 KB a font, where a set of 60,000 numbers would take 5 MB in every process."""
    bits = bytearray(_CODE_POINTS // 8)
    with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=number) as font:
        for code, glyph in (font.getBestCmap() or {}).items():
            # A cmap may list a character and still point it at the empty box.
            if glyph != ".notdef":
                bits[code >> 3] |= 1 << (code & 7)
    return bytes(bits)


@lru_cache(maxsize=64)
def _version(path: Path, number: int) -> str:
    with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=number) as font:
        return str(font["name"].getDebugName(5))


@lru_cache(maxsize=256)
def _load(path: Path, number: int, size: int) -> ImageFont.FreeTypeFont:
    # BASIC: the other engine loads a system library where there is one, and one text then has two shapes.
    return ImageFont.truetype(str(path), size, index=number, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=16)
def _identity(faces: tuple[FontFace, ...]) -> str:
    return hashlib.sha256("\n".join(face.identity() for face in faces).encode()).hexdigest()[:12]


@lru_cache(maxsize=512)
def _runs(chain: FontChain, text: str, size: int) -> tuple[Run, ...]:
    absent = missing_glyphs(text, chain)
    if absent:
        raise MissingGlyphs(absent)
    found: list[Run] = []
    for face, chars in groupby(text, key=chain.face_for):
        piece = "".join(chars)
        if face is not None:
            font = face.at(size)
            found.append(Run(piece, font, font.getlength(piece)))
    return tuple(found)
