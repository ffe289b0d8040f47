"""One certificate as a PDF: the stored picture on A4 as it is, its words beneath for search and copying.

The words lie where the certificate's own design puts them. How wide they are is reckoned without looking at a font, to
a millimetre or two: the same face gives the same bytes on every machine.
"""

from collections.abc import Iterator

from chengjiu_mp.certificates.face import CertificateFace, chinese_date
from chengjiu_mp.certificates.template import Line
from chengjiu_mp.core.pdf import PdfPage, pdf_of
from chengjiu_mp.core.pdf_text import Placed

# ISO 216, landscape, in millimetres.
WIDTH, HEIGHT = 297, 210
_CENTRE = WIDTH / 2
# As ``layout`` sets them: heights of letters, what follows each, how far a label stands above its value.
_LABEL, _LABEL_UP = (3.22, 0.34), 6.1
_NUMBER, _FACT, _UNTIL = (4.91, 0.17), (4.4, 0.08), (5.08, 0.17)
_ISSUER = Line(124, 152.06)
_COLUMN = 84.0
_ASCENT, _INK = 0.92, 1.18  # of a letter's height: above the baseline, from the highest ink to the lowest


def certificate_pdf(face: CertificateFace, picture: bytes) -> bytes:
    """Return the file: one page of A4. The same face and picture give the same bytes."""
    return pdf_of([certificate_page(face, picture)], title=f"{face.title} {face.number}")


def certificate_page(face: CertificateFace, picture: bytes) -> PdfPage:
    """Return the page of a certificate, for a file of one or of many."""
    return PdfPage(picture, WIDTH, HEIGHT, words_of(face))


def words_of(face: CertificateFace, offset_mm: tuple[float, float] = (0.0, 0.0)) -> tuple[Placed, ...]:
    """Return the words with their places, moved as ``printed.printed_page`` moves them; the title goes first."""
    across, down = offset_mm
    return tuple(Placed(one.text, one.left + across, one.baseline + down, one.width, one.size) for one in _words(face))


def _words(face: CertificateFace) -> Iterator[Placed]:
    look = face.look
    yield _centred(face.title, 62, 14)
    yield _name(face)
    yield _centred(face.kind_name, 124, 8)
    yield from _fact(look.number, "证书编号", face.number, _NUMBER)
    yield from _fact(_ISSUER, "发证单位", face.issuer, _FACT)
    yield from _fact(look.issued, "发证日期", chinese_date(face.issued_on), _FACT)
    until = chinese_date(face.valid_until) if face.valid_until else "长期有效"
    yield from _fact(look.until, "有效期至" if face.valid_until else "有效期", until, _UNTIL)
    if face.watermark:
        yield _centred(face.watermark, 20, 6)


def _name(face: CertificateFace) -> Placed:
    """A name of two lines lies as one over both, so that a search finds it whole."""
    box, name = face.look.name, face.holder_name
    room, high = box.width - 1.0, box.height - 0.7
    latin = any("A" <= char <= "z" for char in name)
    tracking = 0.01 if latin else {2: 0.5, 3: 0.26, 4: 0.16}.get(len(name), 0.06)
    ems = _ems(name) + tracking * (len(name) - 1)
    size = min(face.look.name_size, room / ems, high / _INK)
    width = min(ems * size, room)
    baseline = box.y + (high - size * _INK) * 0.75 + size * _ASCENT
    return Placed(name, box.x + (box.width - width) / 2, baseline, width, size)


def _fact(at: Line, label: str, value: str, style: tuple[float, float]) -> Iterator[Placed]:
    yield Placed(label, at.x, at.y - _LABEL_UP, _wide(label, _LABEL), _LABEL[0])
    yield Placed(value, at.x, at.y, min(_wide(value, style), _COLUMN), style[0])


def _wide(text: str, style: tuple[float, float]) -> float:
    size, tracking = style
    return _ems(text) * size + tracking * (len(text) - 1)


def _ems(text: str) -> float:
    """A Han character is as wide as it is high, a Latin letter or a figure a little more than half of that."""
    return sum(1.0 if char >= "\u2e80" else 0.3 if char in "· " else 0.56 for char in text) or 1.0


def _centred(text: str, baseline: float, size: float) -> Placed:
    width = min(220.0, len(text) * size)
    return Placed(text, _CENTRE - width / 2, baseline, width, size)
