"""Photos from outside: bounded before anything decodes them, drawn anew in a confined process (rel-U1, U2)."""

import json
import struct
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chengjiu_mp.core import clock, photo_reader
from chengjiu_mp.core.errors import Kind, Refusal

MAX_BYTES = 5 * 1024 * 1024
SECONDS = 20
MIME = "image/jpeg"
_READER = Path(photo_reader.__file__)
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


class PhotoRefused(Refusal):
    """Base of the refusals of a picture; ``field`` is ``photo``."""

    code = "photo_unreadable"
    message = "这张图片读不出来。请重新拍一张，或在手机里截图后再传。"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__(field="photo")


class PhotoMissing(PhotoRefused):
    code = "photo_missing"
    message = "请先选一张照片，或拍一张。"


class PhotoTooLarge(PhotoRefused):
    code = "photo_too_large"
    message = "图片超过了 5 MB。请在手机里选小一点的尺寸，或截图后再传。"
    kind = Kind.TOO_LARGE


class NotAPhoto(PhotoRefused):
    code = "photo_wrong_kind"
    message = "只收 JPEG 和 PNG 图片。苹果手机的 HEIC 照片，请截图后再传。"


class PhotoTooManyPixels(PhotoRefused):
    code = "photo_too_many_pixels"
    message = "图片的尺寸太大（最多 2500 万像素）。请在手机里选小一点的尺寸，或截图后再传。"


class PhotoTooSmall(PhotoRefused):
    code = "photo_too_small"
    message = "照片太小了，印出来会模糊。请用至少 206×290 像素的照片，手机拍的原图就可以。"


class EmblemNotPng(PhotoRefused):
    code = "emblem_not_png"
    message = "会徽只收 PNG 图片。请用总会下发的标准图样，不要截图，也不要自己画。"


@dataclass(frozen=True)
class Photo:
    """A picture drawn anew as JPEG, at most 2000 pixels a side, and a small one of at most 320.

    An emblem is a PNG, and has no small one; a portrait is 413 x 579 pixels.

    ``taken_at`` is what the camera's clock said, None when it said nothing or nothing that can be true.
    """

    data: bytes
    small: bytes
    width: int
    height: int
    taken_at: datetime | None
    # Signed 64 bits; two pictures are alike that differ in few of them. None where there is next to nothing to see.
    likeness: int | None = None


_REFUSALS: dict[str, type[PhotoRefused]] = {c.code: c for c in (PhotoRefused, PhotoTooManyPixels, PhotoTooSmall)}


def read_emblem(content: bytes) -> Photo:
    """Return an emblem as PNG on white, its pixels as they are. Slow, as :func:`read`.

    :raise PhotoRefused: one of the classes above
    """
    if content and not content.startswith(_PNG):
        raise EmblemNotPng
    return read(content, "emblem")


def read_portrait(content: bytes) -> Photo:
    """Return a holder's picture, 二寸 at 300 dpi. Slow, as :func:`read`.

    :raise PhotoRefused: one of the classes above
    """
    return read(content, "portrait")


def read(content: bytes, *mode: str) -> Photo:
    """Return the picture that ``content`` holds; slow work, so no transaction may be open.

    :raise PhotoRefused: one of the classes above
    """
    check(content)
    # Isolated (-I): neither the working folder nor the environment decides what the child imports.
    command = [sys.executable, "-I", str(_READER), *mode]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise PhotoRefused from None
    if done.returncode != 0:
        # It ran into its own limits.
        raise PhotoTooManyPixels
    head, _, pictures = done.stdout.partition(b"\n")
    facts = json.loads(head)
    if "code" in facts:
        raise _REFUSALS[facts["code"]]
    cut = facts["bytes"]
    like = facts["like"]
    return Photo(
        pictures[:cut], pictures[cut:], facts["width"], facts["height"], _instant(facts["taken"]),
        None if like is None else like - (1 << 63),
    )  # fmt: skip


def check(content: bytes) -> None:
    """Judge a picture by its size and its first bytes alone.

    :raise PhotoRefused: when it is empty, too large, of another kind, or says that it has too many pixels
    """
    if not content:
        raise PhotoMissing
    if len(content) > MAX_BYTES:
        raise PhotoTooLarge
    if content.startswith(_PNG) and len(content) >= 24:
        width, height = struct.unpack_from(">II", content, 16)
        if width * height > photo_reader.PIXELS:
            raise PhotoTooManyPixels
    elif not content.startswith(_JPEG):
        raise NotAPhoto


def _instant(said: str | None) -> datetime | None:
    try:
        plain = datetime.strptime(said or "", "%Y:%m:%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        return None
    found = plain.astimezone(UTC)
    return found if found.year >= 2000 and found <= clock.now() else None
