"""长辈版: the same pages with larger type and targets, remembered on the phone."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, request
from werkzeug.wrappers import Response

from chengjiu_mp.core.access import PUBLIC, access

COOKIE = "view"
YEAR = 365 * 86400

blueprint = Blueprint("view", __name__)


def own_path(address: str) -> str:
    """Return the address if it is a path of this site, else the home page, so that a link cannot lead elsewhere."""
    # A browser reads \\ as / and any number of leading slashes as the beginning of another host.
    inside = address.startswith("/") and not address.replace("\\", "/").startswith("//")
    return address if inside and address.isprintable() else "/"


@blueprint.get("/view")
@access(PUBLIC)
def choose() -> Response:
    """Remember the view and go back to the page the person was reading."""
    reply = redirect(own_path(request.args.get("next", "/")), 303)
    view = "elder" if request.args.get("to") == "elder" else "plain"
    secure = bool(current_app.config.get("SESSION_COOKIE_SECURE"))
    reply.set_cookie(COOKIE, view, max_age=YEAR, samesite="Lax", secure=secure)
    return reply


@blueprint.app_context_processor
def shown() -> dict[str, object]:
    """What every page's shell needs to know of the request."""
    path = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return {"elder": request.cookies.get(COOKIE) == "elder", "current_path": path}
