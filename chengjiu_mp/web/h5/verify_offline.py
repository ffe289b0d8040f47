"""离线核验: the page that checks a signed code without network, and what it keeps on the phone for that."""

from flask import Blueprint, Response, jsonify, render_template, url_for

from chengjiu_mp.certificates import signing_lists
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.web.h5 import kept_page
from chengjiu_mp.web.h5.kept_page import KeptPage

blueprint = Blueprint("verify_offline", __name__)

KEPT = KeptPage(
    "verify", "verify_offline.page", "verify_offline.manifest", "h5/verify_offline.html",
    ("app.css", "app.js", "verify-check.js", "verify-keep.js", "verify-offline.js", "icons/favicon.svg"),
    patience=4000, also=r"^/v/[a-z2-7]{26}$",
)  # fmt: skip


@blueprint.get("/verify/offline")
@access(PUBLIC)
def page() -> str:
    """Show what a code says by its signature; also what a phone without network is shown for any certificate's code."""
    return render_template("h5/verify_offline.html", title="离线核验", back="/verify")


@blueprint.get("/verify/offline.webmanifest")
@access(PUBLIC)
def manifest() -> Response:
    """Let the page be put on the home screen."""
    start = url_for("verify_offline.page")
    return kept_page.manifest("澄救 · 证书离线核验", "离线核验", start, "/", "#f4f7f7")


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
    """Send the service worker of the verify pages: without network a certificate's own page is answered by this one."""
    return kept_page.service_worker(KEPT)
