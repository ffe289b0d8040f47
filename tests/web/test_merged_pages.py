"""The old poster of a run that went into another: it leads there, and who has a place there finds their ticket."""

import re
from datetime import timedelta

from flask.testing import FlaskClient

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import merging
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.queries import run_token
from tests import factories
from tests.web.test_citizen_pages import signed


def a_run(title: str, days: int) -> int:
    with factories.made():
        return factories.run(title=title, starts_in=timedelta(days=days)).id


def page(run_id: int) -> str:
    with unit_of_work():
        return f"/s/{run_token(db.session.get_one(CourseRun, run_id))}"


def merge(run_id: int, into: int) -> None:
    with unit_of_work():
        merging.merge(db.session.get_one(CourseRun, run_id), db.session.get_one(CourseRun, into), "人数不足")


def test_the_old_poster_leads_to_the_run_that_took_its_people(client: FlaskClient) -> None:
    few, middle, goal, other = a_run("人少的班", 9), a_run("又并走的班", 10), a_run("并到的班", 11), a_run("别的班", 12)
    merge(few, middle)
    merge(middle, goal)
    for old in (few, middle):
        text = client.get(page(old)).text
        assert ("和另一场合到一起上" in text, "停课" in text, "人数不足" in text) == (True, False, True)
        assert re.findall(r'class="btn main[^>]*href="([^"]+)"', text) == [page(goal)]
        assert ("并到的班" in text, "别的班" in text) == (True, False)
    assert "别的班" in client.get(page(other)).text


def test_who_scans_the_old_poster_again_finds_the_new_ticket(client: FlaskClient) -> None:
    few, goal = a_run("人少的班", 9), a_run("并到的班", 11)
    old = signed(client, page(few))
    merge(few, goal)
    found = client.get(page(few))
    assert (found.status_code, "/i/" in found.headers["Location"]) == (303, True)
    assert found.headers["Location"] != old
    assert "并到的班" in client.get(found.headers["Location"]).text


def test_a_run_called_off_is_still_called_off(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(state="cancelled", cancel_reason="场地停电").id
    text = client.get(page(run)).text
    assert ("这一场停课了" in text, "合到一起" in text) == (True, False)
