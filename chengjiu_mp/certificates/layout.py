"""Where each word of a certificate stands. Pixels of the page at 300 dpi; baselines unless said otherwise."""

from __future__ import annotations

import io
from decimal import Decimal

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.face import CertificateFace, chinese_date
from chengjiu_mp.certificates.paper import CENTRE, SIZE, paper
from chengjiu_mp.core import artwork
from chengjiu_mp.core.artwork import ACCENT, BRAND, BRAND_STRONG, INK, LINE, MUTED, WHITE, mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit, width_of

# The only rows that differ between two holders of one run: (first row, rows), whole rows of JPEG blocks.
NAME_BAND = (944, 25 * 16)
PROOF_BAND = (1696, 31 * 16)

NAME_BOX = (454, 960, 3054, 1232)  # left, top, right, bottom: no ink of a name outside
_NAME_HEIGHT = NAME_BOX[3] - NAME_BOX[1] - 8
_NAME_RULE = 1252
_TAIL_BASELINE = 1322
_COLUMNS = (mm(30), mm(124))
_COLUMN_WIDTH = mm(84)
_ROWS = (1796, 1950, 2104)
_VALUE_HEIGHT = 92  # what two lines have between their label and the next one
_QR_SIDE = 470
_QR_AT = (SIZE[0] - mm(30) - _QR_SIDE, 1710)


def static_page(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The page with everything but one holder's name, number and code; a fresh "RGB" image."""
    page = paper().copy()
    if face.watermark:
        _watermark(page, face.watermark, chain)
    _header(page, face, chain)
    _statement(page, face, chain)
    _facts(page, face, chain)
    return page


def draw_name(band: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    """The holder's name, and the ending of the document number where one is given, on rows NAME_BAND."""
    top = NAME_BAND[0]
    fitted = fit_name(face.holder_name, chain)
    # A little below the middle: the eye sees a name as standing on its rule.
    first = NAME_BOX[1] + (_NAME_HEIGHT - fitted.height) * 0.75 + fitted.style.size * ASCENT
    draw_fitted(band, (CENTRE, first - top), fitted, align="centre")
    if face.document_tail:
        tail = Style(chain.led_by("sans"), 42, MUTED, tracking=3)
        draw_line(band, (CENTRE, _TAIL_BASELINE - top), f"证件号码 {face.document_tail}", tail, align="centre")


def fit_name(name: str, chain: FontChain) -> Fitted:
    """The setting of a name that NAME_BOX holds."""
    style = Style(chain, 196, INK, bold=2.2, tracking=196 * _tracking(name), leading=1.22)
    return fit(name, style, NAME_BOX[2] - NAME_BOX[0] - 12, floor=96, max_lines=2, height=_NAME_HEIGHT)


def draw_proof(band: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    """The number and the code that proves it, on rows PROOF_BAND."""
    top = PROOF_BAND[0]
    style = Style(chain.led_by("sans"), 58, INK, bold=0.6, tracking=2)
    draw_fitted(band, (_COLUMNS[0], _ROWS[0] - top), fit(face.number, style, _COLUMN_WIDTH, floor=30))
    band.paste(qr_image(face.verify_url, _QR_SIDE), (_QR_AT[0], _QR_AT[1] - top))


def _tracking(name: str) -> float:
    """Short names breathe: 张三 is set wide, a name of ten characters close. In sizes."""
    if any("A" <= char <= "z" for char in name):
        return 0.01
    return {2: 0.5, 3: 0.26, 4: 0.16}.get(len(name), 0.06)


def _header(page: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    side = mm(15)
    _mark(page, face.emblem, side)
    issuer = Style(chain.led_by("sans"), 56, BRAND_STRONG, bold=0.8, tracking=18)
    draw_fitted(page, (CENTRE, 500), fit(face.issuer, issuer, mm(200), floor=36), align="centre")
    title, _, rest = face.title.partition("（")
    big = fit(title, Style(chain, 204, BRAND_STRONG, bold=4, tracking=84), mm(200), floor=90)
    draw_fitted(page, (CENTRE, 738), big, align="centre")
    if rest:
        draw_line(page, (CENTRE, 846), f"（{rest}", Style(chain, 66, BRAND, bold=1, tracking=14), align="centre")
    pen = ImageDraw.Draw(page)
    pen.line((CENTRE - mm(98), _NAME_RULE, CENTRE + mm(98), _NAME_RULE), fill=BRAND, width=3)


def _mark(page: Image.Image, emblem: bytes | None, side: int) -> None:
    """The society's own emblem unaltered on white, or the heart with its heartbeat running out to both sides."""
    top = mm(22)
    if emblem:
        with Image.open(io.BytesIO(emblem), formats=("PNG",)) as opened:
            given = opened.convert("RGBA")
        given.thumbnail((mm(60), side), Image.Resampling.LANCZOS)
        page.paste(WHITE, (CENTRE - given.width // 2 - 12, top - 12, CENTRE + given.width // 2 + 12, top + side + 12))
        page.paste(given, (CENTRE - given.width // 2, top), given)
        return
    reach, height = mm(52), mm(16)
    for left in (CENTRE - side // 2 - reach, CENTRE + side // 2):
        pulse = artwork.stroke_mask((reach, height), [artwork.beat((0, height * 0.6), reach, lift=0.4)], 4.2)
        fade = Image.linear_gradient("L").rotate(90 if left < CENTRE else -90).resize(pulse.size)
        black = Image.new("L", pulse.size)
        faded = Image.composite(pulse, black, fade)
        page.paste(BRAND, (left, top + side // 2 - round(height * 0.6)), faded)
    mark = artwork.heart_mark(side, ACCENT, WHITE)
    page.paste(mark, (CENTRE - side // 2, top), mark)


def _statement(page: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    kind = fit(face.kind_name, Style(chain, 92, BRAND_STRONG, bold=2, tracking=8, leading=1.25), mm(220), floor=56)
    draw_fitted(page, (CENTRE, 1470), kind, align="centre")
    words = f"已按规定完成上述课程 {_figure(face.hours)} 学时的学习，经考核合格，特发此证。"
    draw_line(page, (CENTRE, 1590), words, Style(chain, 60, INK, tracking=4), align="centre")


def _facts(page: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    until = chinese_date(face.valid_until) if face.valid_until else "长期有效"
    left, right = _COLUMNS
    sans = chain.led_by("sans")
    label = Style(sans, 38, MUTED, tracking=4)
    value = Style(sans, 52, INK, tracking=1, leading=1.26)
    ImageDraw.Draw(page).line((left, 1678, SIZE[0] - left, 1678), fill=LINE, width=3)
    _fact(page, (left, _ROWS[0]), "证书编号", "", (label, value))
    _fact(page, (left, _ROWS[1]), "培训场次", face.run_title, (label, value))
    _fact(page, (left, _ROWS[2]), "课程标准", face.syllabus, (label, value))
    _fact(page, (right, _ROWS[0]), "发证单位", face.issuer, (label, value))
    _fact(page, (right, _ROWS[1]), "发证日期", chinese_date(face.issued_on), (label, value))
    strong = Style(sans, 60, BRAND_STRONG, bold=1.4, tracking=2)
    _fact(page, (right, _ROWS[2]), "有效期至" if face.valid_until else "有效期", until, (label, strong))
    _code_frame(page, sans)
    note = f"本证书真伪与当前状态，以扫描二维码查验的结果为准。版式 {face.template}"
    draw_line(page, (left, mm(189.5)), note, Style(sans, 30, MUTED, tracking=2))


def _fact(page: Image.Image, at: tuple[int, int], name: str, text: str, styles: tuple[Style, Style]) -> None:
    """A small grey label with its value below; a long value takes a second line in a smaller size."""
    x, baseline = at
    draw_line(page, (x, baseline - 72), name, styles[0])
    if text:
        fitted = fit(text, styles[1], _COLUMN_WIDTH, floor=34, max_lines=2, height=_VALUE_HEIGHT)
        middle = baseline - 17
        draw_fitted(page, (x, middle - fitted.height / 2 + fitted.style.size * ASCENT), fitted)


def _code_frame(page: Image.Image, sans: FontChain) -> None:
    left, top = _QR_AT
    pen = ImageDraw.Draw(page)
    frame = (left - 5, top - 5, left + _QR_SIDE + 4, top + _QR_SIDE + 4)
    pen.rounded_rectangle(frame, radius=6, fill=WHITE, outline=BRAND, width=4)
    caption = Style(sans, 38, BRAND_STRONG, bold=0.6, tracking=6)
    draw_line(page, (left + _QR_SIDE / 2, top + _QR_SIDE + 64), "扫一扫查验真伪", caption, align="centre")


def _watermark(page: Image.Image, text: str, chain: FontChain) -> None:
    """The word across the whole page in pale coral, so that no cut-out hides it."""
    # Drawn at a third of the size: pale letters this large need no sharper edge, and turning a full page is slow.
    style = Style(chain.led_by("sans"), 87, 255, bold=1.3, tracking=20)
    tile = Image.new("L", (round(width_of(text, style)) + 120, 206))
    draw_line(tile, (60, 133), text, style)
    width, height = SIZE[0] // 3 + 1, SIZE[1] // 3 + 1
    sheet = Image.new("L", (width + 466, height + 600))
    for row, y in enumerate(range(0, sheet.height, tile.height)):
        for x in range(-(row % 2) * tile.width // 2, sheet.width, tile.width):
            sheet.paste(tile, (x, y))
    turned = sheet.rotate(24, Image.Resampling.BICUBIC).crop((233, 300, 233 + width, 300 + height))
    mask = turned.point(lambda value: value // 7).resize(SIZE, Image.Resampling.BILINEAR)
    page.paste(ACCENT, (0, 0), mask)


def _figure(hours: Decimal) -> str:
    return f"{hours.normalize():f}"
