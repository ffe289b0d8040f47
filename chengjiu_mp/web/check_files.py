"""The files by which WeChat sees that a domain, and each path whose codes it opens, is ours."""

from collections.abc import Callable, Mapping

from flask import Flask, Response

from chengjiu_mp.core.access import PUBLIC, access

# Where our codes lead, and the root (for the domain itself): runs, tickets, certificates, the wall, completing at home.
PLACES = ("", "/s", "/i", "/v", "/w", "/b")


def init_app(app: Flask, files: Mapping[str, str]) -> None:
    """Serve each configured file at the root and beside the codes; elsewhere these addresses do not exist."""
    for name, text in files.items():
        for place in PLACES:
            endpoint = f"check_file{place.replace('/', '_')}_{name}"
            app.add_url_rule(f"{place}/{name}.txt", endpoint, _serving(text), methods=["GET"])


def _serving(text: str) -> Callable[[], Response]:
    @access(PUBLIC)
    def serve() -> Response:
        return Response(text, mimetype="text/plain")

    return serve
