"""The elder view's link works without script, and leads nowhere but home."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chengjiu_mp.web import view


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("view")
    app.register_blueprint(view.blueprint)

    @app.get("/page")
    def page() -> dict[str, object]:
        return view.shown()

    return app.test_client()


def test_the_choice_is_remembered_and_leads_back(client: FlaskClient) -> None:
    reply = client.get("/view?to=elder&next=/page?kind=2")
    assert (reply.status_code, reply.location) == (303, "/page?kind=2")
    assert client.get("/page").json == {"elder": True, "current_path": "/page"}
    client.get("/view?to=plain")
    assert client.get("/page?a=1").json == {"elder": False, "current_path": "/page?a=1"}


@pytest.mark.parametrize(
    "address",
    ["https://example.test/", "//example.test/", "////example.test/", "/\\example.test/", "\\\\example.test",
     "javascript:alert(1)",
     "page", "", "/a\r\nSet-Cookie: x=1", "/\t/example.test", "///example.test", "/\\/example.test"],
)  # fmt: skip
def test_a_link_cannot_lead_away(address: str) -> None:
    assert view.own_path(address) == "/"


@pytest.mark.parametrize("address", ["/", "/s/abc?x=1", "/search?q=澄江", "/view-of?next=//x"])
def test_a_page_of_ours_is_kept(address: str) -> None:
    assert view.own_path(address) == address
