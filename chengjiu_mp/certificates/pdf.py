"""One certificate as a PDF: the stored picture on A4 as it is, its words beneath for search and copying.

The words stand where version 2026-1 of the layout prints them; on another layout they are found and copied as well,
only the marking on the screen lies elsewhere.
"""

from chengjiu_mp.certificates.face import CertificateFace, chinese_date
from chengjiu_mp.core.pdf import PdfPage, pdf_of
from chengjiu_mp.core.pdf_text import Placed

# ISO 216, landscape, in millimetres.
WIDTH, HEIGHT = 297, 210
_CENTRE = WIDTH / 2


def certificate_pdf(face: CertificateFace, picture: bytes) -> bytes:
    """Return the file: one page of A4. The same face and picture give the same bytes."""
    return pdf_of([certificate_page(face, picture)], title=f"{face.title} {face.number}")


def certificate_page(face: CertificateFace, picture: bytes) -> PdfPage:
    """Return the page of a certificate, for a file of one or of many."""
    return PdfPage(picture, WIDTH, HEIGHT, _words(face))


def _words(face: CertificateFace) -> tuple[Placed, ...]:
    until = f"有效期至 {chinese_date(face.valid_until)}" if face.valid_until else "有效期 长期有效"
    lines = (
        _centred(face.title, 62, 14), _centred(face.holder_name, 99, 16), _centred(face.kind_name, 124, 8),
        Placed(f"证书编号 {face.number}", 30, 152, 84, 5), Placed(f"发证单位 {face.issuer}", 124, 152, 84, 5),
        Placed(f"发证日期 {chinese_date(face.issued_on)}", 124, 165, 84, 5), Placed(until, 124, 178, 84, 5),
    )  # fmt: skip
    return (*lines, _centred(face.watermark, 20, 6)) if face.watermark else lines


def _centred(text: str, baseline: float, size: float) -> Placed:
    width = min(220.0, len(text) * size)
    return Placed(text, _CENTRE - width / 2, baseline, width, size)
