"""Whether a design can be printed: everything on the paper, nothing on top of something else, every glyph there."""

import re
from dataclasses import replace

from chengjiu_mp.certificates.template import PAGE_MM, PLACEHOLDERS, Box, Template
from chengjiu_mp.certificates.template_errors import (
    FieldOffPage,
    FieldsMeet,
    NoFontFor,
    PlaceholderUnknown,
    StatementTooLong,
)
from chengjiu_mp.core.fonts import undrawable

MARGIN = 10.0  # what the frame takes, and what office printers leave white anyway
# A smaller code would have less than 25 mm of ink: phones read that size from an arm's length.
CODE_SIDES = (36.0, 60.0)
NAME_SIZES = (6.0, 22.0)
_STATEMENT_MOST = 96  # characters that two lines of 236 mm hold in the smallest type
WORDS = {
    "name": "姓名", "number": "证书编号", "issued": "发证日期", "until": "有效期", "code": "二维码", "photo": "照片",
    "heading": "发证单位和题名", "statement": "证明文字", "run": "培训场次", "syllabus": "课程标准",
    "issuer": "发证单位",
}  # fmt: skip
# What stands still, as far as something that covers it would make it unreadable.
_STILL = {
    "heading": Box(60, 20, 177, 53), "statement": Box(60, 115, 177, 24), "run": Box(30, 157, 84, 10.5),
    "syllabus": Box(30, 170, 84, 11), "issuer": Box(124, 144, 84, 10),
}  # fmt: skip


def check(look: Template) -> None:
    """Let a design pass that can be drawn for everybody.

    :raise Refusal: one of ``template_errors``, at the field to change
    """
    if not NAME_SIZES[0] <= look.name_size <= NAME_SIZES[1]:
        raise FieldOffPage(f"姓名的字高请填 {NAME_SIZES[0]:.0f} 到 {NAME_SIZES[1]:.0f} 毫米。", field="name_size")
    if not CODE_SIDES[0] <= look.code_side <= CODE_SIDES[1]:
        said = f"二维码的边长请填 {CODE_SIDES[0]:.0f} 到 {CODE_SIDES[1]:.0f} 毫米，再小手机就读不出来了。"
        raise FieldOffPage(said, field="code_side")
    if look.name.width < 60 or look.name.height < look.name_size * 1.2:
        raise FieldOffPage("姓名框至少宽 60 毫米，高度至少是字高的 1.2 倍。", field="name_width")
    _check_places(look)
    _check_words(look)


def _check_places(look: Template) -> None:
    boxes = look.boxes()
    # The rule below a name, and the ending of the document number, belong to its box.
    boxes["name"] = replace(look.name, height=look.name.height + (9 if look.document_tail else 3))
    for key, box in boxes.items():
        if box.x < MARGIN or box.y < MARGIN or _right(box) > PAGE_MM[0] - MARGIN or _bottom(box) > PAGE_MM[1] - MARGIN:
            raise FieldOffPage(f"{WORDS[key]}{FieldOffPage.message[2:]}", field=key)
    known = list(boxes.items())
    for place, (key, box) in enumerate(known):
        for other, there in [*known[place + 1 :], *_STILL.items()]:
            if box.meets(there):
                said = f"{WORDS[key]}与{WORDS[other]}重叠，会压住文字或二维码。请移开后再保存。"
                raise FieldsMeet(said, field=key)


def _right(box: Box) -> float:
    return box.x + box.width


def _bottom(box: Box) -> float:
    return box.y + box.height


def _check_words(look: Template) -> None:
    rest = look.statement
    for placeholder in PLACEHOLDERS:
        rest = rest.replace(placeholder, "一" * 8)
    if re.search(r"[{}]", rest):
        raise PlaceholderUnknown(field="statement")
    if len(rest) > _STATEMENT_MOST:
        raise StatementTooLong(field="statement")
    for field in ("title", "issuer", "statement"):
        missing = undrawable(getattr(look, field))
        if missing:
            raise NoFontFor(field=field, missing=list(missing))
