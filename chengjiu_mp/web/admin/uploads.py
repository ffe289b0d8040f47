"""A sheet between its preview and its confirmation: it travels in the form, sealed for the person who uploaded it.

Nothing waits on the server, so nothing is left behind when nobody confirms."""

import base64
import binascii
import json
import zlib
from datetime import datetime, timedelta

from flask import Response, request
from pydantic import Field

from chengjiu_mp.core import clock, context, privacy, spreadsheet
from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.parsing import In
from chengjiu_mp.core.spreadsheet import FileMissing, Sheet, SheetTooLarge

LIFE = timedelta(hours=2)
# The form's fields together may hold one megabyte.
MAX_FIELD = 700_000


class ConfirmPage(In):
    """The sheet that was looked at, sealed in the form; ``partial``: its good rows alone."""

    sheet: str = Field(min_length=1, max_length=MAX_FIELD)
    partial: bool = False


class PreviewGone(Refusal):
    code = "preview_gone"
    message = "预览已经失效，没有导入任何内容。请重新上传文件。"
    kind = Kind.INVALID


def read_upload() -> Sheet:
    """Return the sheet of the form's ``file``.

    :raise SheetRefused: when it is missing, harmful or empty
    """
    given = request.files.get("file")
    if given is None or not given.filename:
        raise FileMissing
    return spreadsheet.read(given.stream.read(spreadsheet.MAX_BYTES + 1))


def seal(sheet: Sheet, purpose: str) -> str:
    """Return a sheet as a form field.

    :raise SheetTooLarge: when it does not fit into a form
    """
    kept = {"rows": sheet.rows, "lossy": sorted(sheet.lossy), "merged": sheet.merged, "at": clock.now().isoformat()}
    content = json.dumps(kept, ensure_ascii=False).encode()
    packed = base64.b64encode(zlib.compress(content, 9)).decode()
    text = base64.urlsafe_b64encode(
        privacy.seal(packed, place=f"upload.{purpose}", row=context.principal().key)
    ).decode()
    if len(text) > MAX_FIELD:
        raise SheetTooLarge
    return text


def unseal(text: str, purpose: str) -> Sheet:
    """Return the sheet of a form field.

    :raise PreviewGone: when it is old, somebody else's, or damaged
    """
    try:
        sealed = base64.urlsafe_b64decode(text)
        packed = privacy.unseal(sealed, place=f"upload.{purpose}", row=context.principal().key)
    except (privacy.Unsealable, binascii.Error, ValueError):
        raise PreviewGone from None
    content = json.loads(zlib.decompress(base64.b64decode(packed)))
    if clock.now() - datetime.fromisoformat(content["at"]) > LIFE:
        raise PreviewGone
    merged = tuple((top, left, bottom, right) for top, left, bottom, right in content.get("merged", ()))
    return Sheet(content["rows"], lossy=frozenset((r, c) for r, c in content["lossy"]), merged=merged)


def download(content: bytes, name: str) -> Response:
    """Return an xlsx as a file to save; ``name`` is ASCII and holds no personal data."""
    reply = Response(content, mimetype=spreadsheet.XLSX)
    reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return reply
