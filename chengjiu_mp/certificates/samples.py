"""Faces to look at before anything is issued: invented holders, 样张 across the page, a code that proves nothing."""

import io
from datetime import date
from decimal import Decimal

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.template import PHOTO_MM, Template
from chengjiu_mp.core.artwork import LINE, MUTED, mm
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.fonts import FontChain, missing_glyphs
from chengjiu_mp.core.site import site

# No token of ours has a hyphen: this one can never become a certificate's (rel-A10, V5).
SAMPLE_TOKEN = "sample-not-a-certificate"  # noqa: S105  the very opposite of a secret
WATERMARK = "样张"
SAMPLES = {
    "three": ("三个字", "欧阳娜"),
    "two": ("两个字", "张三"),
    "long": ("二十个字", "古丽米热买买提阿卜杜热合曼图尔逊江依明江"),
    "latin": ("长外文名", "Maximiliano Alessandro de la Cruz Fernández y Montemayor"),
    "rare": ("生僻字", "王𬍛"),
}
_RARE = ("王𬍛", "王䶮", "龘靐齉")


def sample_face(look: Template, chain: FontChain, sample: str, *, today: date, emblem: bytes | None) -> CertificateFace:
    """What a certificate of this design would print for one of :data:`SAMPLES`."""
    name = SAMPLES[sample][1]
    if sample == "rare":
        name = next((one for one in _RARE if not missing_glyphs(one, chain)), _RARE[-1])
    return CertificateFace(
        kind_name="心肺复苏与自动体外除颤（CPR+AED）", number="样张00000000", holder_name=name, issued_on=today,
        valid_until=add_months(today, 36), run_title="某某街道2026年第12期CPR+AED持证培训", hours=Decimal("4.0"),
        syllabus="CPR+AED教学大纲 第 1 版", verify_url=site().link(f"/v/{SAMPLE_TOKEN}"),
        document_tail="****0000" if look.document_tail else None, title=look.title, issuer=look.issuer,
        template=look.version, watermark=WATERMARK, emblem=emblem, look=look,
        photo=_nobody() if look.photo else None,
    )  # fmt: skip


def _nobody() -> bytes:
    """A grey outline where a holder's picture would be."""
    width, height = mm(PHOTO_MM[0]), mm(PHOTO_MM[1])
    sheet = Image.new("RGB", (width, height), LINE)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((width * 0.3, height * 0.2, width * 0.7, height * 0.55), fill=MUTED)
    pen.ellipse((width * 0.1, height * 0.62, width * 0.9, height * 1.4), fill=MUTED)
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()
