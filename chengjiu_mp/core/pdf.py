"""PDF files of pictures: each page is one JPEG as it is, under text that cannot be seen but searched and copied.

Written object by object into a file, so that a hundred pages need the memory of one. Nothing in it depends on the
moment or on chance: the same pages give the same bytes (ISO 32000-1; how the text is laid: see :mod:`pdf_text`).
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from chengjiu_mp.core import pdf_text
from chengjiu_mp.core.pdf_text import Placed

_COLOURS = {"L": b"/DeviceGray", "RGB": b"/DeviceRGB"}
_FONT = b"/F1"


@dataclass(frozen=True)
class PdfPage:
    """A baseline or progressive JPEG, grey or colour, that fills a page of this size in millimetres."""

    jpeg: bytes
    width: float
    height: float
    texts: Sequence[Placed] = ()


def pdf_of(pages: Iterable[PdfPage], *, title: str) -> bytes:
    """Return the whole file; for few pages."""
    out = io.BytesIO()
    write_pdf(out, pages, title=title)
    return out.getvalue()


def write_pdf(out: BinaryIO, pages: Iterable[PdfPage], *, title: str) -> int:
    """Write the file page by page into ``out``, taking each page when it is its turn; return how many there were.

    :raise ValueError: for a picture that is no grey or colour JPEG
    """
    file = _File(out)
    catalog, tree, info = file.reserve(), file.reserve(), file.reserve()
    kids = [_page(file, page, tree) for page in pages]
    file.put(catalog, b"<</Type/Catalog/Pages %d 0 R/Lang(zh-CN)/ViewerPreferences<</DisplayDocTitle true>>>>" % tree)
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    file.put(tree, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), listed))
    file.put(info, b"<</Title<%s>>>" % (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode())
    file.finish(catalog, info)
    return len(kids)


def _page(file: "_File", page: PdfPage, tree: int) -> int:
    picture = _picture(file, page.jpeg)
    width, height = _points(page.width), _points(page.height)
    drawn = b"q %s 0 0 %s 0 0 cm /Im0 Do Q\n" % (_number(width), _number(height))
    resources = b"/XObject<</Im0 %d 0 R>>" % picture
    if page.texts:
        layer = pdf_text.lay(page.texts, _FONT, height)
        resources += b"/Font<<%s %d 0 R>>" % (_FONT, _font(file, layer))
        drawn += layer.drawn
    content = file.add(_stream(drawn))
    return file.add(
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Resources<<%s>>/Contents %d 0 R>>"
        % (tree, _number(width), _number(height), resources, content)
    )


def _picture(file: "_File", jpeg: bytes) -> int:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as seen:
        size, mode = seen.size, seen.mode
    if mode not in _COLOURS:
        raise ValueError(mode)
    about = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/DCTDecode"
    return file.add(_stream(jpeg, about % (*size, _COLOURS[mode])))


def _font(file: "_File", layer: pdf_text.Layer) -> int:
    """The font of a page: it draws nothing, and says of each of its codes which character it stands for."""
    program = file.shared(_stream(pdf_text.font_program(), b"/Length1 %d" % len(pdf_text.font_program())))
    described = file.shared(pdf_text.DESCRIPTOR % program)
    glyphs = file.add(_stream(layer.glyphs))
    below = file.add(pdf_text.DESCENDANT % (glyphs, described))
    to_unicode = file.add(_stream(layer.to_unicode))
    return file.add(pdf_text.FONT % (below, to_unicode))


def _stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (about, len(data), data)


def _points(millimetres: float) -> float:
    return millimetres * 72 / 25.4


def _number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()


class _File:
    """Objects with their offsets, written one after the other."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._at, self._offsets = out, 0, [0]
        self._hash = hashlib.sha256()
        self._shared: dict[bytes, int] = {}
        # The comment of high bytes tells transfer programs that this is no text.
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._hash.update(data)
        self._at += len(data)

    def reserve(self) -> int:
        """Return the number of an object that is put later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def put(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._at
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def add(self, body: bytes) -> int:
        number = self.reserve()
        self.put(number, body)
        return number

    def shared(self, body: bytes) -> int:
        """Add an object that several pages use; the same body is written once."""
        if body not in self._shared:
            self._shared[body] = self.add(body)
        return self._shared[body]

    def finish(self, root: int, info: int) -> None:
        start, uid = self._at, self._hash.hexdigest()[:32].encode()
        lines = [b"%010d 00000 n \n" % at for at in self._offsets[1:]]
        self._write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(self._offsets), b"".join(lines)))
        trailer = b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n"
        self._write(trailer % (len(self._offsets), root, info, uid, uid, start))
