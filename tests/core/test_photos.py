"""Photos from outside: what is refused before it is decoded, and what is left of one that is taken."""

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from chengjiu_mp.core import photo_reader, photos

_GPS, _MADE_AT = 0x8825, 0x9003


def picture(size=(640, 480), colour="red", form="JPEG", **options):
    out = io.BytesIO()
    Image.new("RGBA" if form == "PNG" else "RGB", size, colour).save(out, form, **options)
    return out.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def test_a_photo_is_drawn_anew_smaller_and_says_nothing_of_where_it_was_taken(frozen):
    exif = Image.Exif()
    exif[0x010F] = "Canary phone"
    exif.get_ifd(_GPS)[1] = "N"
    exif.get_ifd(0x8769)[_MADE_AT] = "2026:11:23 11:30:00"
    given = picture((4000, 3000), exif=exif, comment=b"canary comment")
    found = photos.read(given)
    kept = opened(found.data)
    assert (kept.format, kept.size, (found.width, found.height)) == ("JPEG", (2000, 1500), (2000, 1500))
    assert max(opened(found.small).size) == 320
    assert not kept.getexif()
    assert b"anary" in given
    assert b"anary" not in found.data + found.small
    assert found.taken_at == datetime(2026, 11, 23, 3, 30, tzinfo=UTC)


def test_a_photo_that_lies_on_its_side_is_stood_up(frozen):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(photos.read(picture((600, 400), exif=exif)).data).size == (400, 600)


def test_what_is_transparent_becomes_white(frozen):
    data = photos.read(picture((50, 50), (0, 0, 0, 0), "PNG")).data
    assert opened(data).getpixel((25, 25)) == (255, 255, 255)


@pytest.mark.parametrize("said", ["2031:01:01 10:00:00", "0000:00:00 00:00:00", "gestern"])
def test_a_camera_clock_that_cannot_be_right_says_nothing(frozen, said):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[_MADE_AT] = said
    assert photos.read(picture(exif=exif)).taken_at is None


def _png(width, height):
    """Return a PNG of one chunk of pixels that says it is far larger."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "photo_missing"),
        (b"\xff\xd8\xff" + b"0" * photos.MAX_BYTES, "photo_too_large"),
        (picture(form="GIF"), "photo_wrong_kind"),
        (picture(form="WEBP"), "photo_wrong_kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo_wrong_kind"),
        (b"\xff\xd8\xff" + b"no picture" * 9, "photo_unreadable"),
        (picture()[:900], "photo_unreadable"),
        (_png(60_000, 60_000), "photo_too_many_pixels"),
        (_png(64, 64), "photo_unreadable"),
    ],
)
def test_what_is_no_photo_is_refused(frozen, content, code):
    with pytest.raises(photos.PhotoRefused) as refused:
        photos.read(content)
    assert (refused.value.code, refused.value.field) == (code, "photo")


def test_a_jpeg_of_too_many_pixels_is_refused_before_it_is_decoded(frozen):
    wide = picture((9000, 3000))
    assert len(wide) < photos.MAX_BYTES
    with pytest.raises(photos.PhotoTooManyPixels):
        photos.read(wide)


def test_the_reader_cannot_take_more_memory_than_it_is_given():
    assert photo_reader.MEMORY == 512 * 1024 * 1024
    assert photo_reader.PIXELS * 8 < photo_reader.MEMORY


def test_the_clock_is_ours(frozen):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[_MADE_AT] = "2026:11:23 13:00:00"
    content = picture(exif=exif)
    assert photos.read(content).taken_at is None
    frozen.now += timedelta(hours=2)
    assert photos.read(content).taken_at is not None
