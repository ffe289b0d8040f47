"""Pictures and pages per second of processor time: ours, the encoder alone, and two peers at their defaults.

Everything runs in one process on one processor. The peers put the same page together as their users do: the drawn
page of the run as a picture behind, the holder's name and number as text, the code as a picture.
"""

import base64
import io
import os
import statistics
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from chengjiu_mp.certificates import layout, picture
from chengjiu_mp.certificates.face import CertificateFace
from chengjiu_mp.certificates.paper import DPI
from chengjiu_mp.certificates.pdf import certificate_pdf
from chengjiu_mp.core import strips
from chengjiu_mp.core.fonts import FontChain, discover_fonts
from chengjiu_mp.core.qr import qr_image

Make = Callable[[CertificateFace], bytes]


class Rates(NamedTuple):
    """Finished files per second of processor time in one round, by maker."""

    by: dict[str, float]


class Pages:
    """The makers, and how many each makes in a round."""

    def __init__(self, place: Path, quick: bool, peers: bool) -> None:
        self._each = 2 if quick else 24
        self._chain = discover_fonts([])
        finished = picture.render_page(face(0), self._chain)
        self._makers: dict[str, Make] = {
            "jpeg": partial(picture.render, chain=self._chain, fmt="jpeg"),
            "encoder_jpeg": lambda _: strips.encode(finished, DPI),
            "png": partial(picture.render, chain=self._chain, fmt="png"),
            "encoder_png": lambda _: _png(finished),
            "pdf": partial(_our_pdf, self._chain),
        }
        if peers:
            behind = place / "behind.jpg"
            behind.write_bytes(strips.encode(layout.static_page(face(0).shared(), self._chain), DPI))
            self._makers |= {"reportlab": _reportlab(behind), "weasyprint": _weasyprint(behind)}
        for make in self._makers.values():
            make(face(1))

    def round(self, number: int) -> Rates:
        """Let every maker make its share, another one first each time."""
        names = list(self._makers)
        turn = number % len(names)
        with on_one_processor():
            return Rates({name: self._rate(name, number) for name in [*names[turn:], *names[:turn]]})

    def _rate(self, name: str, number: int) -> float:
        # Slow makers make fewer: the time is what is measured, not the count.
        count = max(2, self._each // (4 if name in ("png", "encoder_png", "weasyprint") else 1))
        faces = [face(number * 1000 + place) for place in range(count)]
        began = time.process_time()
        for one in faces:
            self._makers[name](one)
        return count / (time.process_time() - began)


class on_one_processor:  # noqa: N801  read as words in a with statement
    """Keep this process on one processor within the block."""

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(self._before)})

    def __exit__(self, *_: object) -> None:
        os.sched_setaffinity(0, self._before)


def face(number: int) -> CertificateFace:
    """Return the face of one holder of a run; no two names are the same."""
    return CertificateFace(
        kind_name="心肺复苏（CPR+AED）", number=f"JYA2026{number % 100_000:05d}", run_title="公益培训（第 16 期）",
        holder_name="张" + chr(0x4E00 + number % 6000) + chr(0x4E00 + number // 7 % 6000), hours=Decimal(4),
        issued_on=date(2026, 11, 26), valid_until=date(2029, 11, 26), syllabus="心肺复苏（CPR+AED）教学大纲 第 1 版",
        verify_url=f"https://example.test/v/{base64.b32encode(number.to_bytes(16)).decode().lower()[:26]}",
    )  # fmt: skip


def medians(rounds: list[Rates]) -> dict[str, float]:
    """Return each maker's median rate."""
    return {name: statistics.median(one.by[name] for one in rounds) for name in rounds[0].by}


def ratio(rounds: list[Rates], ours: str, other: str) -> float:
    """Return the median, over the rounds, of how many times the processor time of ``other`` ours takes."""
    return statistics.median(one.by[other] / one.by[ours] for one in rounds)


def _our_pdf(chain: FontChain, one: CertificateFace) -> bytes:
    """The PDF as it is asked for: from the JPEG that the worker made, so making that is part of the cost."""
    return certificate_pdf(one, picture.render(one, chain, "jpeg"))


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(DPI, DPI), compress_level=1)
    return out.getvalue()


def _code(one: CertificateFace) -> Image.Image:
    return qr_image(one.verify_url, 470)


def _reportlab(behind: Path) -> Make:
    # Imported by name: they are installed for this measurement alone.
    pagesizes, reading = import_module("reportlab.lib.pagesizes"), import_module("reportlab.lib.utils")
    metrics, fonts = import_module("reportlab.pdfbase.pdfmetrics"), import_module("reportlab.pdfbase.cidfonts")
    canvases = import_module("reportlab.pdfgen.canvas")
    metrics.registerFont(
        fonts.UnicodeCIDFont("STSong-Light")
    )  # its own Chinese font; it reads no OpenType of this kind

    def make(one: CertificateFace) -> bytes:
        out, (width, height) = io.BytesIO(), pagesizes.landscape(pagesizes.A4)
        canvas = canvases.Canvas(out, pagesize=(width, height))
        canvas.drawImage(str(behind), 0, 0, width, height)
        canvas.setFont("STSong-Light", 47)
        canvas.drawCentredString(width / 2, height - 285, one.holder_name)
        canvas.setFont("STSong-Light", 14)
        canvas.drawString(85, height - 431, one.number)
        canvas.drawImage(reading.ImageReader(_code(one)), 644, height - 523, 113, 113)
        canvas.save()
        return out.getvalue()

    return make


def _weasyprint(behind: Path) -> Make:
    weasyprint = import_module("weasyprint")
    page: Any = """<style>@page {{ size: A4 landscape; margin: 0 }} body {{ margin: 0 }}
        img, p {{ position: absolute; margin: 0 }} .all {{ left: 0; top: 0; width: 297mm; height: 210mm }}
        .name {{ top: 82mm; width: 297mm; text-align: center; font-size: 47pt }}
        .number {{ left: 30mm; top: 147mm; font-size: 14pt }} .code {{ left: 227mm; top: 145mm; width: 40mm }}</style>
        <img class="all" src="{behind}"><p class="name">{name}</p><p class="number">{number}</p>
        <img class="code" src="data:image/png;base64,{code}">""".format

    def make(one: CertificateFace) -> bytes:
        out = io.BytesIO()
        _code(one).save(out, "PNG")
        code = base64.b64encode(out.getvalue()).decode()
        words = page(behind=behind.as_uri(), name=one.holder_name, number=one.number, code=code)
        made: bytes = weasyprint.HTML(string=words).write_pdf()
        return made

    return make
