"""Where each word of a certificate stands. Pixels of the page at 300 dpi; baselines unless said otherwise."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable
from decimal import Decimal

from PIL import Image, ImageDraw, ImageOps

from chengjiu_mp.certificates.face import CertificateFace, chinese_date
from chengjiu_mp.certificates.ornament import draw_code_frame, draw_mark, draw_watermark
from chengjiu_mp.certificates.paper import CENTRE, SIZE, paper
from chengjiu_mp.certificates.template import BUILT_IN, PHOTO_MM, Line, Template
from chengjiu_mp.core.artwork import BRAND, BRAND_STRONG, INK, LINE, MUTED, mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.qr import qr_image
from chengjiu_mp.core.strips import ROW
from chengjiu_mp.core.typeset import ASCENT, Fitted, Style, draw_fitted, draw_line, fit

Rows = tuple[int, int]  # first row, rows: whole rows of JPEG blocks

_NAME_STYLE = 196
_COLUMNS = (mm(30), mm(124))
_COLUMN_WIDTH = mm(84)
_ROWS = (1796, 1950, 2104)
_VALUE_HEIGHT = 92  # what two lines have between their label and the next one
_LABEL_UP = 72


def name_box(look: Template) -> tuple[int, int, int, int]:
    """Left, top, right, bottom: no ink of a name outside."""
    left, top = mm(look.name.x), mm(look.name.y)
    return left, top, left + mm(look.name.width), top + mm(look.name.height)


def own_rows(look: Template) -> tuple[Rows, ...]:
    """The only rows that differ between two holders of one run, from top to bottom, none in two bands."""
    _, top, _, bottom = name_box(look)
    code, number = mm(look.code.y), mm(look.number.y)
    spans = [(top - 16, bottom + 112), (number - 64, number + 24), (code, code + mm(look.code_side))]
    if look.photo:
        spans.append((mm(look.photo.y), mm(look.photo.y + PHOTO_MM[1])))
    return tuple(_bands(spans))


def _bands(spans: Iterable[tuple[int, int]]) -> Iterable[Rows]:
    blocks = sorted((max(first, 0) // ROW * ROW, min(-(-last // ROW) * ROW, SIZE[1])) for first, last in spans)
    top, end = blocks[0]
    for first, last in blocks[1:]:
        if first > end:
            yield top, end - top
            top = first
        end = max(end, last)
    yield top, end - top


NAME_BOX = name_box(BUILT_IN)
NAME_BAND, PROOF_BAND = own_rows(BUILT_IN)


def static_page(face: CertificateFace, chain: FontChain) -> Image.Image:
    """The page with everything but one holder's name, number and code; a fresh "RGB" image."""
    look, page = face.look, paper().copy()
    if face.watermark:
        draw_watermark(page, face.watermark, chain)
    draw_mark(page, face.emblem, mm(15))
    pen = ImageDraw.Draw(page)
    left, _, right, bottom = name_box(look)
    middle, reach = (left + right) // 2, min(mm(98), (right - left) // 2)
    pen.line((middle - reach, bottom + 20, middle + reach, bottom + 20), fill=BRAND, width=3)
    pen.line((_COLUMNS[0], 1678, SIZE[0] - _COLUMNS[0], 1678), fill=LINE, width=3)
    draw_code_frame(page, _at(look.code), mm(look.code_side))
    draw_words(page, face, chain)
    return page


def draw_words(page: Image.Image, face: CertificateFace, chain: FontChain, leave: Collection[str] = ()) -> None:
    """Everything typed that is not one holder's. ``leave`` out what the paper carries: keys of PREPRINTED."""
    if "heading" not in leave:
        _heading(page, face, chain)
    if "statement" not in leave:
        _statement(page, face, chain)
    _facts(page, face, chain.led_by("sans"), labels="labels" not in leave)


def draw_own(band: Image.Image, top: int, face: CertificateFace, chain: FontChain) -> None:
    """What is this holder's, on a band of the page that begins at row ``top``; what lies elsewhere is left out."""
    look, end = face.look, top + band.height
    _, name_top, _, name_bottom = name_box(look)
    if name_top < end and name_bottom > top:
        draw_name(band, face, chain, top)
    if top <= mm(look.code.y) < end or top <= mm(look.number.y) < end:
        draw_proof(band, face, chain, top)
    if look.photo and face.photo and top <= mm(look.photo.y) < end:
        _photo(band, top, face.photo, look.photo)


def draw_name(band: Image.Image, face: CertificateFace, chain: FontChain, top: int = NAME_BAND[0]) -> None:
    """The holder's name, and the ending of the document number where one is given."""
    left, box_top, right, bottom = name_box(face.look)
    fitted, middle = fit_name(face.holder_name, chain, face.look), (left + right) // 2
    # A little below the middle: the eye sees a name as standing on its rule.
    first = box_top + (bottom - box_top - 8 - fitted.height) * 0.75 + fitted.style.size * ASCENT
    draw_fitted(band, (middle, first - top), fitted, align="centre")
    if face.document_tail:
        tail = Style(chain.led_by("sans"), 42, MUTED, tracking=3)
        draw_line(band, (middle, bottom + 90 - top), f"证件号码 {face.document_tail}", tail, align="centre")


def fit_name(name: str, chain: FontChain, look: Template = BUILT_IN) -> Fitted:
    """The setting of a name that its box holds."""
    left, top, right, bottom = name_box(look)
    largest = Style(chain, _NAME_STYLE, INK, bold=2.2, tracking=_NAME_STYLE * _tracking(name), leading=1.22)
    style = largest.at(mm(look.name_size))
    floor = max(8, min(style.size, round(96 * style.size / _NAME_STYLE)))
    return fit(name, style, right - left - 12, floor=floor, max_lines=2, height=bottom - top - 8)


def draw_proof(band: Image.Image, face: CertificateFace, chain: FontChain, top: int = PROOF_BAND[0]) -> None:
    """The number and the code that proves it."""
    look = face.look
    style = Style(chain.led_by("sans"), 58, INK, bold=0.6, tracking=2)
    x, baseline = _at(look.number)
    draw_fitted(band, (x, baseline - top), fit(face.number, style, _COLUMN_WIDTH, floor=30))
    left, code_top = _at(look.code)
    band.paste(qr_image(face.verify_url, mm(look.code_side)), (left, code_top - top))


def _photo(band: Image.Image, top: int, photo: bytes, at: Line) -> None:
    size = (mm(PHOTO_MM[0]), mm(PHOTO_MM[1]))
    with Image.open(io.BytesIO(photo), formats=("JPEG", "PNG")) as opened:
        fitted = ImageOps.fit(opened.convert("RGB"), size, Image.Resampling.LANCZOS)
    band.paste(fitted, (mm(at.x), mm(at.y) - top))


def _at(line: Line) -> tuple[int, int]:
    return mm(line.x), mm(line.y)


def _tracking(name: str) -> float:
    """Short names breathe: 张三 is set wide, a name of ten characters close. In sizes."""
    if any("A" <= char <= "z" for char in name):
        return 0.01
    return {2: 0.5, 3: 0.26, 4: 0.16}.get(len(name), 0.06)


def _heading(page: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    issuer = Style(chain.led_by("sans"), 56, BRAND_STRONG, bold=0.8, tracking=18)
    draw_fitted(page, (CENTRE, 500), fit(face.issuer, issuer, mm(200), floor=36), align="centre")
    title, _, rest = face.title.partition("（")
    big = fit(title, Style(chain, 204, BRAND_STRONG, bold=4, tracking=84), mm(200), floor=90)
    draw_fitted(page, (CENTRE, 738), big, align="centre")
    if rest:
        draw_line(page, (CENTRE, 846), f"（{rest}", Style(chain, 66, BRAND, bold=1, tracking=14), align="centre")


def _statement(page: Image.Image, face: CertificateFace, chain: FontChain) -> None:
    kind = fit(face.kind_name, Style(chain, 92, BRAND_STRONG, bold=2, tracking=8, leading=1.25), mm(220), floor=56)
    draw_fitted(page, (CENTRE, 1470), kind, align="centre")
    style = Style(chain, 60, INK, tracking=4, leading=1.3)
    words = fit(statement_of(face), style, mm(236), floor=36, max_lines=2)
    first = 1590 - (len(words.lines) - 1) * words.style.size * 0.5
    draw_fitted(page, (CENTRE, first), words, align="centre")


def statement_of(face: CertificateFace) -> str:
    """The statement with its placeholders filled in."""
    until = chinese_date(face.valid_until) if face.valid_until else "长期有效"
    filled = {
        "{学时}": _figure(face.hours), "{课程}": face.kind_name, "{场次}": face.run_title,
        "{发证日期}": chinese_date(face.issued_on), "{有效期至}": until,
    }  # fmt: skip
    words = face.look.statement
    for placeholder, value in filled.items():
        words = words.replace(placeholder, value)
    return words


def _facts(page: Image.Image, face: CertificateFace, sans: FontChain, *, labels: bool) -> None:
    until = chinese_date(face.valid_until) if face.valid_until else "长期有效"
    (left, right), look = _COLUMNS, face.look
    value = Style(sans, 52, INK, tracking=1, leading=1.26)
    strong = Style(sans, 60, BRAND_STRONG, bold=1.4, tracking=2)
    for at, name, text, style in (
        (_at(look.number), "证书编号", "", value),
        ((left, _ROWS[1]), "培训场次", face.run_title, value),
        ((left, _ROWS[2]), "课程标准", face.syllabus, value),
        ((right, _ROWS[0]), "发证单位", face.issuer, value),
        (_at(look.issued), "发证日期", chinese_date(face.issued_on), value),
        (_at(look.until), "有效期至" if face.valid_until else "有效期", until, strong),
    ):
        _fact(page, at, name if labels else "", text, style)
    if labels:
        (code_left, code_top), side = _at(look.code), mm(look.code_side)
        caption = Style(sans, 38, BRAND_STRONG, bold=0.6, tracking=6)
        draw_line(page, (code_left + side / 2, code_top + side + 64), "扫一扫查验真伪", caption, align="centre")
    note = f"本证书真伪与当前状态，以扫描二维码查验的结果为准。版式 {face.template}"
    draw_line(page, (left, mm(189.5)), note, Style(sans, 30, MUTED, tracking=2))


def _fact(page: Image.Image, at: tuple[int, int], name: str, text: str, style: Style) -> None:
    """A small grey label with its value below; a long value takes a second line in a smaller size."""
    x, baseline = at
    if name:
        draw_line(page, (x, baseline - _LABEL_UP), name, Style(style.chain, 38, MUTED, tracking=4))
    if text:
        fitted = fit(text, style, _COLUMN_WIDTH, floor=34, max_lines=2, height=_VALUE_HEIGHT)
        middle = baseline - 17
        draw_fitted(page, (x, middle - fitted.height / 2 + fitted.style.size * ASCENT), fitted)


def _figure(hours: Decimal) -> str:
    return f"{hours.normalize():f}"
