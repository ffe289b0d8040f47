"""Mini-program codes: each scene leads to what its link leads to, and to nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import erasing, links, queries, scenes
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.series_models import CourseSeries
from chengjiu_mp.wechat import client as speaking
from tests import factories
from tests.courses.test_api import a_run, get, post, staff
from tests.signups import signed
from tests.twins import Served

CODE = "/wxa/getwxacodeunlimit"
SCENES = "/api/v1/wechat/scenes"


@pytest.fixture
def settings(settings: Settings, twins: Served) -> Settings:
    return twins.connect(settings, CHENGJIU_WECHAT_CODE_PAGE="pages/open")


def opened(client: FlaskClient, scene: str) -> Any:
    return client.post(SCENES, json={"scene": scene})


def url_of(run: int) -> str:
    return queries.run_url(db.session.get_one(CourseRun, run))


def drawn(twins: Served) -> list[str]:
    """Return the scenes of the codes that the platform drew."""
    return [given["scene"] for path, given in twins.wechat.asked if path == CODE]


def test_the_code_of_a_run_leads_to_the_run(client: FlaskClient, twins: Served) -> None:
    run, boss = a_run(title="夜校班"), staff()
    code = get(client, f"/api/v1/runs/{run}/mini-code", headers=boss)
    assert (code.status_code, code.mimetype) == (200, "image/jpeg")
    (scene,) = drawn(twins)
    asked = twins.wechat.asked[-1][1]
    assert (asked["page"], asked["width"], asked["check_path"]) == ("pages/open", 1280, False)
    found = opened(client, scene).json
    assert found == {
        "kind": "run", "id": run, "token": scene[2:], "title": "夜校班", "url": url_of(run),
    }  # fmt: skip
    assert "夜校班" in client.get(found["url"].partition(":8000")[2]).text


@pytest.mark.parametrize("kind", ["venue", "unit", "series"])
def test_the_code_of_a_link_leads_to_its_list(client: FlaskClient, twins: Served, kind: str) -> None:
    boss = staff()
    with factories.made():
        unit = factories.unit("chengjiang")
        series = CourseSeries(uid="u" * 26, unit_id=unit.id, title="夜校")
        db.session.add(series)
        db.session.flush()
        target = {"unit": unit.id, "venue": factories.venue(name="训练厅").id, "series": series.id}[kind]
    link = post(client, "/links", {"kind": kind, "target_id": target}, boss).json
    assert get(client, f"/api/v1/links/{link['id']}/mini-code", headers=boss).status_code == 200
    found = opened(client, drawn(twins)[0]).json
    assert (found["kind"], found["id"], found["title"], found["url"]) == (kind, link["id"], link["title"], link["url"])


def test_a_ticket_is_opened_by_its_scene_and_ends_with_it(client: FlaskClient) -> None:
    made = signed(a_run(title="夜校班"))
    scene = scenes.scene_of(f"http://127.0.0.1:8000/i/{made.ticket_token}")
    found = opened(client, scene).json
    assert (found["kind"], found["id"], found["title"]) == ("ticket", made.signup.id, "夜校班")
    assert "张三" not in str(found)
    with unit_of_work():
        erasing.erase_signups([made.signup.id])
    assert opened(client, scene).status_code == 404


@pytest.mark.parametrize(
    "scene",
    ["", "x", "s", "x=" + "a" * 26, "s%3D" + "a" * 26, "s=" + "a" * 31, "s=字", "s= a", "=" + "a" * 26, "s=a\n"],
)
def test_what_no_code_of_ours_can_hold_is_refused_in_words(client: FlaskClient, scene: str) -> None:
    answer = opened(client, scene)
    # Text around is trimmed before it is looked at; what is left is a scene that leads nowhere.
    expected = {"s=a\n": (404, "not_found")}.get(scene, (422, "scene_wrong"))
    assert (answer.status_code, answer.json["code"]) == expected
    assert answer.json["detail"].endswith("。")


@pytest.mark.parametrize("scene", ["s=", "i=", "s=" + "a" * 26, "i=" + "a" * 26, "s=" + "A" * 26])
def test_what_leads_nowhere_is_not_found(client: FlaskClient, scene: str) -> None:
    assert opened(client, scene).status_code == 404


def test_a_ticket_is_no_run_and_a_draft_leads_nowhere(client: FlaskClient) -> None:
    run, draft = a_run(), a_run(state="draft")
    made = signed(run)
    assert opened(client, f"s={made.ticket_token}").status_code == 404
    assert opened(client, f"i={url_of(run).rpartition('/')[2]}").status_code == 404
    assert opened(client, f"s={url_of(draft).rpartition('/')[2]}").status_code == 404


def test_every_scene_fits_into_32_characters(client: FlaskClient) -> None:
    made = signed(a_run())
    assert len(scenes.scene_of(f"http://127.0.0.1:8000/i/{made.ticket_token}")) == 28
    for strange in ("http://127.0.0.1:8000/v/abc", "http://evil.cn/s/abc", "/s/" + "a" * 31):
        with pytest.raises(ValueError, match="no scene"):
            scenes.scene_of(strange)


def test_a_code_out_of_scope_is_not_there(client: FlaskClient, twins: Served) -> None:
    with factories.made():
        draft = factories.run(unit_id=factories.unit("nanzha").id, state="draft").id
        link = links.link_to("unit", factories.unit("nanzha").id).id
    other = staff("unit_manager", "yunting")
    assert get(client, f"/api/v1/runs/{draft}/mini-code", headers=other).status_code == 404
    assert get(client, f"/api/v1/links/{link}/mini-code", headers=other).status_code == 404
    assert get(client, f"/console/codes/links/{link}", headers=other).status_code == 404
    assert drawn(twins) == []


@pytest.mark.parametrize("errcode", [41030, 45009, -1])
def test_where_the_platform_draws_none_the_clerk_is_told(client: FlaskClient, twins: Served, errcode: int) -> None:
    run, boss = a_run(starts_in=timedelta(days=4)), staff()
    twins.wechat.plant(CODE, errcode)
    answer = get(client, f"/api/v1/runs/{run}/mini-code", headers=boss)
    assert (answer.status_code, answer.json["code"]) == (503, "mini_code_not_drawn")
    twins.wechat.plant(CODE, errcode)
    page = get(client, f"/console/codes/runs/{run}", headers=boss)
    assert page.status_code == 503 and "请先用海报上的普通二维码" in page.text


def test_the_console_offers_codes_where_wechat_is_connected(client: FlaskClient) -> None:
    run, boss = a_run(), staff()
    assert f"/console/codes/runs/{run}" in get(client, f"/console/runs/{run}", headers=boss).text
    saved = get(client, f"/console/codes/runs/{run}", headers=boss)
    assert saved.headers["Content-Disposition"] == f'attachment; filename="mini-code-run-{run}.jpeg"'


def test_without_wechat_there_is_none(client: FlaskClient) -> None:
    run, boss = a_run(), staff()
    speaking.use_client(None)
    answer = get(client, f"/api/v1/runs/{run}/mini-code", headers=boss)
    assert (answer.status_code, answer.json["code"]) == (503, "mini_code_not_drawn")
