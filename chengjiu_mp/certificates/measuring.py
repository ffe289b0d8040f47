"""测试页: a page of lines whose places are known, to measure how far a printer's paper lies off."""

from PIL import Image, ImageDraw

from chengjiu_mp.certificates.paper import SIZE
from chengjiu_mp.certificates.template import PAGE_MM, Line, Template
from chengjiu_mp.certificates.template_checks import WORDS
from chengjiu_mp.core.artwork import mm
from chengjiu_mp.core.fonts import FontChain
from chengjiu_mp.core.typeset import Style, draw_line

CROSS = 20.0  # millimetres from the edges to the middle of a cross
_STEP = 10
_PALE, _GREY, _BLACK, _WHITE = 205, 110, 0, 255


def measuring_page(look: Template, chain: FontChain, printer: str, offset_mm: tuple[float, float]) -> Image.Image:
    """The page for one printer and design, "L", landscape A4 at 300 dpi, moved by what the printer is set to now.

    Lines every 10 mm, a cross 20 mm from each corner's edges, a rule with millimetres, every field's frame.

    :raise MissingGlyphs: for a printer's name that no font draws
    """
    page = Image.new("L", SIZE, _WHITE)
    sans = chain.led_by("sans")
    _grid(page, sans)
    for key, box in look.boxes().items():
        corners = (mm(box.x), mm(box.y), mm(box.x + box.width), mm(box.y + box.height))
        ImageDraw.Draw(page).rectangle(corners, outline=_GREY, width=4)
        said = f"{WORDS[key]} 左 {box.x:g} 上 {box.y:g}"
        if isinstance(getattr(look, key), Line) and key not in ("code", "photo"):
            said = f"{WORDS[key]} 左 {box.x:g} 底线 {getattr(look, key).y:g}"
            baseline = mm(getattr(look, key).y)
            ImageDraw.Draw(page).line((corners[0], baseline, corners[2], baseline), fill=_GREY, width=2)
        draw_line(page, (mm(box.x) + 12, mm(box.y) + 40), said, Style(sans, 30, _GREY))
    for x in (CROSS, PAGE_MM[0] - CROSS):
        for y in (CROSS, PAGE_MM[1] - CROSS):
            _cross(page, x, y)
    _words(page, sans, look.version, printer, offset_mm)
    moved = Image.new("L", SIZE, _WHITE)
    moved.paste(page, (mm(offset_mm[0]), mm(offset_mm[1])))
    return moved


def _grid(page: Image.Image, sans: FontChain) -> None:
    pen, small = ImageDraw.Draw(page), Style(sans, 26, _GREY)
    for x in range(_STEP, int(PAGE_MM[0]), _STEP):
        pen.line((mm(x), 0, mm(x), SIZE[1]), fill=_PALE, width=2)
        draw_line(page, (mm(x), mm(7)), str(x), small, align="centre")
    for y in range(_STEP, int(PAGE_MM[1]), _STEP):
        pen.line((0, mm(y), SIZE[0], mm(y)), fill=_PALE, width=2)
        draw_line(page, (mm(7), mm(y) + 9), str(y), small, align="centre")
    # A rule along the middle: what is 100 mm here and is not on paper was scaled by the printer.
    for x in range(100, 201):
        reach = 6 if x % 10 == 0 else 4 if x % 5 == 0 else 2.5
        pen.line((mm(x), mm(105), mm(x), mm(105 + reach)), fill=_BLACK, width=3)
    pen.line((mm(100), mm(105), mm(200), mm(105)), fill=_BLACK, width=3)


def _cross(page: Image.Image, x: float, y: float) -> None:
    pen, arm = ImageDraw.Draw(page), 8
    pen.line((mm(x - arm), mm(y), mm(x + arm), mm(y)), fill=_BLACK, width=4)
    pen.line((mm(x), mm(y - arm), mm(x), mm(y + arm)), fill=_BLACK, width=4)
    pen.ellipse((mm(x) - 36, mm(y) - 36, mm(x) + 36, mm(y) + 36), outline=_BLACK, width=3)


def _words(page: Image.Image, sans: FontChain, version: str, printer: str, offset_mm: tuple[float, float]) -> None:
    across, down = offset_mm
    lines = (
        f"测试页　打印机：{printer}　版式 {version}　现在设定：横向 {across:+g}、纵向 {down:+g} 毫米",
        "打印时选“实际大小”（100%），纸张 A4 横向。这把尺从 100 到 200 应正好长 100 毫米。",
        f"量左上角十字中心到纸左边、上边：应各为 {CROSS:g} 毫米。横向加上（{CROSS:g}－量到的左边），"
        f"纵向加上（{CROSS:g}－量到的上边）。",
    )
    for number, line in enumerate(lines):
        style = Style(sans, 40 if number == 0 else 34, _BLACK)
        draw_line(page, (SIZE[0] / 2, mm(28) + number * 58), line, style, align="centre")
