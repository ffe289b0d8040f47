"""The API's document and a page that shows it, from the package's own files: no CDN."""

import dataclasses
import json
from collections.abc import Iterator
from importlib.resources import files

from flask import Blueprint, Flask, Response, current_app, render_template

from chengjiu_mp.core import access, http, openapi
from chengjiu_mp.core.errors import NotFound

blueprint = Blueprint("api_docs", __name__, url_prefix="/api/v1")

VERSION = "1"
_SHOWN = {
    "swagger-ui.css": ("css", "text/css"),
    "swagger-ui-bundle.js": ("js", "text/javascript"),
}
_DAY = "public, max-age=86400"


@http.route(blueprint, "GET", "/openapi.json", access.PUBLIC)
def openapi_json() -> Response:
    """Return this document."""
    text = current_app.extensions.get("openapi") or json.dumps(document(current_app), ensure_ascii=False)
    current_app.extensions["openapi"] = text
    return Response(text, mimetype=http.JSON)


@blueprint.get("/docs")
@access.access(access.PUBLIC)
def docs() -> str:
    """Show the document for people who write programs."""
    return render_template("api_docs.html")


@blueprint.get("/docs/<name>")
@access.access(access.PUBLIC)
def docs_file(name: str) -> Response:
    """Serve one file of the viewer."""
    if name not in _SHOWN:
        raise NotFound
    folder, kind = _SHOWN[name]
    content = files("flask_openapi3_swagger").joinpath("templates", "swagger", folder, name).read_bytes()
    return Response(content, mimetype=kind, headers={"Cache-Control": _DAY})


def document(app: Flask) -> dict[str, object]:
    """Return the OpenAPI document of everything that is registered below /api."""
    server = app.config["SETTINGS"].public_url
    return openapi.document(_routes(app), title="澄救 API", version=VERSION, server=server)


def _routes(app: Flask) -> Iterator[tuple[str, str, http.Op]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        op = http.op_of(app.view_functions[rule.endpoint])
        if op and rule.rule.startswith("/api/"):
            method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            yield rule.rule, method, dataclasses.replace(op, id=rule.endpoint.replace(".", "_"))
