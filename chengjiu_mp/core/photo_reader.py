"""Reads one photo within hard limits, in a process of its own. Run as a script: bytes in; a JSON line, then two
pictures: JPEGs, or with the word ``emblem`` a PNG and nothing, with ``portrait`` a JPEG of 35 x 49 mm at 300 dpi twice.

What comes out is drawn anew: no position, no camera, no comment of the file that came in."""

import io
import json
import resource
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
PIXELS = 25_000_000
# The longer side, of what is kept and of what a list shows.
SIDE, SMALL = 2000, 320
QUALITY = 82
# By how much, of 255, two spots side by side differ where there is something to see.
STEEP = 4
# 二寸: 35 x 49 mm at 300 dpi. Less than half of it would be a blur on paper.
PORTRAIT = (413, 579)
_MADE_AT, _EXIF_PART = 0x9003, 0x8769


def confine() -> None:
    """Give this process its limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(content: bytes, mode: str = "") -> tuple[dict[str, Any], bytes]:
    """Return {"width", "height", "bytes", "taken", "like"} with the picture and its small one, or {"code"} and nothing.

    :param mode: ``emblem`` and ``portrait`` as above
    """
    from PIL import Image  # noqa: PLC0415  after the limits

    Image.MAX_IMAGE_PIXELS = PIXELS
    # Opening reads the size alone, and is refused by it.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as given:
            taken = _taken(given)
            # A JPEG is decoded at the size that is needed, not at its own.
            given.draft("RGB", (SIDE, SIDE))
            plain = _plain(given)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        return {"code": "photo_too_many_pixels"}, b""
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, ArithmeticError):
        return {"code": "photo_unreadable"}, b""
    if mode == "portrait":
        if plain.width < PORTRAIT[0] // 2 or plain.height < PORTRAIT[1] // 2:
            return {"code": "photo_too_small"}, b""
        plain = _portrait(plain)
    whole, small = (_png(plain), b"") if mode == "emblem" else (_jpeg(plain, SIDE), _jpeg(plain, SMALL))
    facts = {"width": plain.width, "height": plain.height, "bytes": len(whole)}
    return facts | {"taken": taken, "like": _likeness(plain)}, whole + small


def _plain(given: "Image.Image") -> "Image.Image":
    """Return the pixels alone, upright, on white, no longer than :data:`SIDE`."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    upright = ImageOps.exif_transpose(given)
    upright.thumbnail((SIDE, SIDE))
    seen = upright.convert("RGBA" if upright.mode in ("RGBA", "LA", "PA", "P") else "RGB")
    fresh = Image.new("RGB", seen.size, "white")
    fresh.paste(seen, mask=seen.getchannel("A") if seen.mode == "RGBA" else None)
    return fresh


def _portrait(plain: "Image.Image") -> "Image.Image":
    """Return the picture cut to a portrait's shape; what has to go, goes below rather than above the head."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    return ImageOps.fit(plain, PORTRAIT, Image.Resampling.LANCZOS, centering=(0.5, 0.3))


def _likeness(plain: "Image.Image") -> int | None:
    """Return 64 bits that stay nearly the same when a picture is sent on, made smaller or saved again: whether each of
    8 x 8 spots is brighter than the one beside it. None of a picture on which there is next to nothing to see.
    """
    spots = plain.convert("L").resize((9, 8)).tobytes()
    bits = [spots[9 * row + at] > spots[9 * row + at + 1] for row in range(8) for at in range(8)]
    # Of an evenly lit wall the noise alone would decide.
    steep = sum(abs(spots[9 * row + at] - spots[9 * row + at + 1]) > STEEP for row in range(8) for at in range(8))
    return sum(bit << at for at, bit in enumerate(bits)) if steep >= 16 else None


def _png(picture: "Image.Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _jpeg(picture: "Image.Image", side: int) -> bytes:
    copy, out = picture.copy(), io.BytesIO()
    copy.thumbnail((side, side))
    copy.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _taken(given: "Image.Image") -> str | None:
    """Return what the camera's clock said, "2026:11:28 14:02:11", None when it said nothing readable."""
    try:
        said = given.getexif().get_ifd(_EXIF_PART).get(_MADE_AT)
    except Exception:  # noqa: BLE001  a broken note about a good picture
        return None
    return said[:19] if isinstance(said, str) else None


if __name__ == "__main__":
    confine()
    facts, pictures = read(sys.stdin.buffer.read(), *sys.argv[1:])
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + pictures)
