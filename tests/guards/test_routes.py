"""Every route says who may; the document lists every API route; no public address vanishes."""

import re
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask

from chengjiu_mp.core.access import PUBLIC, access, access_of, check_every_route_declares
from chengjiu_mp.web.api_docs import document

LIST = Path(__file__).parent / "public_urls.txt"
# The viewer of the document is not part of the API.
_VIEWER = ("api_docs.docs", "api_docs.docs_file")


def addresses(app: Flask) -> set[str]:
    """Return "METHOD rule" of everything, the static files' own rule left out."""
    rules = (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")
    return {f"{m} {r.rule}" for r in rules for m in (r.methods or set()) - {"HEAD", "OPTIONS"}}


def undocumented(app: Flask) -> list[str]:
    """Return the API's routes that the document does not list."""
    listed = {
        (path, method.upper()) for path, item in cast(dict[str, Any], document(app)["paths"]).items() for method in item
    }
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.endpoint not in _VIEWER
    }
    return sorted(f"{method} {path}" for path, method in there - listed)


def test_every_route_says_who_may(app):
    assert all(
        access_of(app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules() if rule.endpoint != "static"
    )


def test_a_bare_route_stops_the_start():
    bare = Flask("planted")
    bare.add_url_rule("/bare", "bare", lambda: "")
    with pytest.raises(RuntimeError, match="bare"):
        check_every_route_declares(bare)


def test_every_api_route_is_in_the_document(app):
    assert undocumented(app) == []


def test_an_undocumented_route_is_found(app):
    app.view_functions["planted"] = access(PUBLIC)(lambda: "")
    app.url_map.add(app.url_rule_class("/api/v1/planted", endpoint="planted", methods=["GET"]))
    assert undocumented(app) == ["GET /api/v1/planted"]


def test_no_public_address_vanished_and_each_new_one_is_listed(app):
    listed, there = set(LIST.read_text(encoding="utf-8").splitlines()), addresses(app)
    assert sorted(listed - there) == [], "these were public; people hold links to them"
    assert sorted(there - listed) == [], f"add these lines to {LIST.name}"


def test_a_vanished_address_is_found(app):
    assert "GET /vanished" in {*LIST.read_text(encoding="utf-8").splitlines(), "GET /vanished"} - addresses(app)
