"""Links that would lead somebody to a page which is not theirs."""

import re
from datetime import timedelta

from flask.testing import FlaskClient

from chengjiu_mp.core.db import db
from chengjiu_mp.signin.models import Account
from tests import factories


def signed(role: str) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role)


def test_only_an_instructor_is_shown_the_way_to_a_refresher(client: FlaskClient) -> None:
    assert "/teach/refresher" not in client.get("/teach/", headers=signed("operator")).text
    with factories.made():
        factories.unit()
        teacher = factories.headers_of(db.session.get_one(Account, factories.instructor().account_id))
    page = client.get("/teach/", headers=teacher).text
    assert "/teach/refresher" in page
    assert client.get("/teach/refresher", headers=teacher).status_code == 200


def test_a_page_that_is_not_there_leads_staff_back_to_the_console(client: FlaskClient) -> None:
    def first(path: str, headers: dict[str, str]) -> tuple[str, str]:
        reply = client.get(path, headers=headers | {"Accept": "text/html"})
        assert reply.status_code == 404
        return re.findall(r'<a class="btn main" href="([^"]+)">([^<]+)', reply.text)[0]

    operator = signed("operator")
    assert first("/console/certificates/999999", operator) == ("/console/", "回工作台")
    assert first("/nowhere", operator) == ("/", "回首页")
    assert first("/console/nowhere", {}) == ("/", "回首页")


def test_an_instructor_at_the_door_goes_home_to_the_days_classes(client: FlaskClient) -> None:
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
    page = client.get(f"/console/runs/{run.id}/door/first/", headers=headers).text
    assert 'href="/teach/"' in page and 'href="/console"' not in page
    assert 'href="/console"' in client.get("/console/", headers=signed("operator")).text
