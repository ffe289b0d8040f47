"""What is printed on a certificate: the one value that decides every pixel of its picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from chengjiu_mp.certificates.template import BUILT_IN, TEMPLATE_VERSION, Template

__all__ = ["TEMPLATE_VERSION", "CertificateFace", "chinese_date"]


@dataclass(frozen=True)
class CertificateFace:
    """All words and figures of one certificate version.

    Dates are days in Asia/Shanghai; ``valid_until`` is the last day it is good for, None without an end.
    ``document_tail`` is the masked document number as it shall be printed, or None to print nothing.
    ``watermark`` (测试, 样张, 示例) crosses the page of what is not a real certificate. ``emblem`` holds
    the society's own emblem as PNG bytes; without it the heart mark is drawn, never one of our making.
    ``photo`` is the holder's picture as PNG or JPEG bytes, drawn only where ``look`` has a place for it.
    """

    kind_name: str
    number: str
    holder_name: str
    issued_on: date
    valid_until: date | None
    run_title: str
    hours: Decimal
    syllabus: str
    verify_url: str
    document_tail: str | None = None
    title: str = "电子证书（培训合格证明）"
    issuer: str = "江阴市红十字会"
    template: str = TEMPLATE_VERSION
    watermark: str | None = None
    emblem: bytes | None = None
    photo: bytes | None = None
    look: Template = BUILT_IN

    def shared(self) -> CertificateFace:
        """The same face without what is one holder's: equal for all certificates of one run and one day."""
        return replace(self, number="", holder_name="", verify_url="", document_tail=None, photo=None)

    def texts(self) -> tuple[str, ...]:
        """Every text somebody typed, for looking up its glyphs before anything is drawn."""
        typed = (
            self.kind_name, self.number, self.holder_name, self.run_title, self.syllabus,
            self.title, self.issuer, self.look.statement, self.document_tail or "", self.watermark or "",
        )  # fmt: skip
        return tuple(text for text in typed if text)


def chinese_date(day: date) -> str:
    """2029年11月27日, without leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"
