"""A page that a phone keeps for where there is no network: its manifest, and the service worker that keeps it.

The worker is one script (``kept-sw.js``) for all such pages; what is special to one stands in constants above it. Its
cache is named for the content it holds, and goes when the content changes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, jsonify, url_for

WORKER = "kept-sw.js"


@dataclass(frozen=True)
class KeptPage:
    """``name`` of its cache, ``endpoint`` and ``template`` of the page, endpoint of its manifest, static ``files``.

    ``patience``: milliseconds after which the kept copy stands in for the network. ``also``: a pattern of other paths
    that are answered by this page without network. ``bare``: the copy is asked for without cookies, with ``X-Kept``.
    """

    name: str
    endpoint: str
    manifest: str
    template: str
    files: tuple[str, ...]
    patience: int
    also: str = ""
    bare: bool = False


def manifest(name: str, short_name: str, start_url: str, scope: str, background: str) -> Response:
    """Return what lets a page be put on the home screen."""
    icon = {"src": url_for("static", filename="icons/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    reply = jsonify(
        name=name, short_name=short_name, lang="zh-CN", start_url=start_url, scope=scope, display="standalone",
        background_color=background, theme_color="#0b6e75", icons=[icon],
    )  # fmt: skip
    reply.mimetype = "application/manifest+json"
    return reply


def service_worker(page: KeptPage) -> Response:
    """Return the script of the page's service worker."""
    folder = Path(str(current_app.static_folder))
    listed = [url_for("static", filename=name) for name in page.files] + [url_for(page.manifest)]
    known: Mapping[str, Any] = {
        "VERSION": _version(folder, page.files, page.template), "FILES": listed, "NAME": page.name,
        "PAGE": url_for(page.endpoint), "PATIENCE": page.patience, "ALSO": page.also, "BARE": page.bare,
    }  # fmt: skip
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in known.items())
    reply = Response(head + (folder / WORKER).read_text(), content_type="text/javascript; charset=utf-8")
    reply.headers["Cache-Control"] = "no-cache"
    return reply


@cache
def _version(folder: Path, files: Sequence[str], template: str) -> str:
    templates = folder.parent / "templates"
    parts = [folder / name for name in (*files, WORKER)]
    parts += [templates / name for name in ("base.html", "parts.html", template)]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]
