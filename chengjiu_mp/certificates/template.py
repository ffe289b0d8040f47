"""A certificate's design as a value: its words and where each movable field stands, in millimetres.

Millimetres count from the page's left and upper edge. The value alone decides the picture, so a certificate keeps
the look it was issued with: the row that holds it never changes once it was published (feat-D2, D13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

TEMPLATE_VERSION = "2026-1"
PAGE_MM = (297.0, 210.0)  # ISO 216 A4, landscape
PHOTO_MM = (35.0, 49.0)  # 二寸
# What a stock may carry already, so that text-only printing leaves it out.
PREPRINTED = {"heading": "发证单位与题名", "statement": "证明文字", "labels": "各项的名称（证书编号、发证日期等）"}


@dataclass(frozen=True)
class Box:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether any part of both is the same paper."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


@dataclass(frozen=True)
class Line:
    """The left end of a text's baseline."""

    x: float
    y: float


@dataclass(frozen=True)
class Template:
    """One version of a design. ``name_size`` is the largest letter of a name; all lengths are millimetres.

    ``statement`` may hold the words of :data:`PLACEHOLDERS`. ``photo`` is the upper left corner of a picture of
    35 x 49 mm, None without one. ``preprinted`` holds keys of :data:`PREPRINTED`.
    """

    version: str = TEMPLATE_VERSION
    title: str = "电子证书（培训合格证明）"
    issuer: str = "江阴市红十字会"
    statement: str = "已按规定完成上述课程 {学时} 学时的学习，经考核合格，特发此证。"
    # The figures of 2026-1 are whole pixels at 300 dpi: a hundredth of a millimetre names one exactly.
    name: Box = Box(38.44, 81.28, 220.13, 23.03)
    name_size: float = 16.59
    number: Line = Line(30.0, 152.06)
    issued: Line = Line(124.0, 165.1)
    until: Line = Line(124.0, 178.14)
    code: Line = Line(227.25, 144.78)
    code_side: float = 39.79
    photo: Line | None = None
    document_tail: bool = False
    preprinted: tuple[str, ...] = ()

    def boxes(self) -> dict[str, Box]:
        """The fields whose ink must not meet, by the name of the form's field; a text by the room that it takes."""
        found = {
            "name": self.name,
            "number": Box(self.number.x, self.number.y - 9, 84, 11),
            "issued": Box(self.issued.x, self.issued.y - 9, 84, 11),
            "until": Box(self.until.x, self.until.y - 9, 84, 11),
            "code": Box(self.code.x, self.code.y, self.code_side, self.code_side + 7),
        }
        return found | ({"photo": Box(self.photo.x, self.photo.y, *PHOTO_MM)} if self.photo else {})

    def as_json(self) -> dict[str, object]:
        """The places as a row keeps them; words stand in columns of their own."""
        return {key: _plain(getattr(self, key)) for key in PLACES}

    @classmethod
    def of(cls, words: Mapping[str, object], places: Mapping[str, object]) -> Template:
        """The value that :meth:`as_json` and the words came from."""
        return replace(cls(), **words, **{key: _shaped(key, value) for key, value in places.items()})  # type: ignore[arg-type]


PLACES = ("name", "name_size", "number", "issued", "until", "code", "code_side", "photo")
BUILT_IN = Template()
_SHAPES = {"name": Box, "number": Line, "issued": Line, "until": Line, "code": Line, "photo": Line}
# Nothing of one holder's: the statement is part of the page that a run's certificates share.
PLACEHOLDERS = ("{学时}", "{课程}", "{场次}", "{发证日期}", "{有效期至}")


def _plain(value: object) -> object:
    if isinstance(value, Box | Line):
        return [getattr(value, one.name) for one in fields(value)]
    return value


def _shaped(key: str, value: object) -> object:
    shape = _SHAPES.get(key)
    return shape(*value) if shape and isinstance(value, list | tuple) else value
