"""离线核验: the page that checks a signed code without network, and what it keeps on the phone for that."""

import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for

from chengjiu_mp.certificates import signing_lists
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import NotFound

blueprint = Blueprint("verify_offline", __name__)

FILES = ("app.css", "app.js", "verify-check.js", "verify-keep.js", "verify-offline.js", "icons/favicon.svg")


@blueprint.get("/verify/offline")
@access(PUBLIC)
def page() -> str:
    """Show what a code says by its signature; also what a phone without network is shown for any certificate's code."""
    return render_template("h5/verify_offline.html", title="离线核验", back="/verify")


@blueprint.get("/verify/offline.webmanifest")
@access(PUBLIC)
def manifest() -> Response:
    """Let the page be put on the home screen."""
    icon = {"src": url_for("static", filename="icons/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    reply = jsonify(
        name="澄救 · 证书离线核验", short_name="离线核验", lang="zh-CN", start_url=url_for("verify_offline.page"),
        scope="/", display="standalone", background_color="#f4f7f7", theme_color="#0b6e75", icons=[icon],
    )  # fmt: skip
    reply.mimetype = "application/manifest+json"
    return reply


@blueprint.get("/.well-known/jyrc-keys.json")
@access(PUBLIC)
def keys() -> Response:
    """Publish every public key, those of past years too."""
    reply = jsonify(signing_lists.published_keys())
    reply.headers["Cache-Control"] = "public, max-age=3600"
    return reply


@blueprint.get("/.well-known/jyrc-revoked.json")
@access(PUBLIC)
def revoked() -> Response:
    """Publish the signed list of codes that no longer stand, as it is at this moment (rel-V4)."""
    found = signing_lists.published_list()
    if found is None:
        raise NotFound
    return jsonify(found)


@blueprint.get("/verify-sw.js")
@access(PUBLIC)
def service_worker() -> Response:
    """Send the service worker of the verify pages; its cache is named for the content it holds."""
    folder = Path(str(current_app.static_folder))
    listed = [url_for("static", filename=name) for name in FILES] + [url_for("verify_offline.manifest")]
    head = f"const VERSION = {json.dumps(_version(folder))};\nconst FILES = {json.dumps(listed)};\n"
    reply = Response(head + (folder / "verify-sw.js").read_text(), content_type="text/javascript; charset=utf-8")
    reply.headers["Cache-Control"] = "no-cache"
    return reply


@cache
def _version(folder: Path) -> str:
    templates = folder.parent / "templates"
    parts = [folder / name for name in (*FILES, "verify-sw.js")]
    parts += [templates / name for name in ("base.html", "parts.html", "h5/verify_offline.html")]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]
