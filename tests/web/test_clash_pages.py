"""Before a run is moved the clerk sees where it can go, and who is somewhere else that day."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import merging
from chengjiu_mp.courses.change_models import RunChange
from chengjiu_mp.courses.double_booked import elsewhere_on, people_in
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from tests import factories
from tests.figures_rows import at
from tests.signups import signed
from tests.web.test_console_runs import desk, post
from tests.web.test_line_pages import a_run

# Thursday 26 November, 12:00 to 15:00, is when a run of three days ahead is held.
DAYS = timedelta(days=1)


def both(one: int, other: int, name: str = "欧阳娜娜") -> Any:
    """Sign one person up to two runs; return the sign-up to the second."""
    same = {"doc_number": factories.resident_id(), "phone": factories.phone(), "name": name}
    signed(one, **same)
    return signed(other, **same).signup


def sittings(text: str, hours: int = 3) -> list[Sitting]:
    return [Sitting(at(text), at(text) + timedelta(hours=hours))]


def changes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(RunChange)) or 0


def test_who_is_elsewhere_that_day_is_found_and_whether_at_that_time(client: FlaskClient) -> None:
    moved, other = a_run(starts_in=9 * DAYS), a_run(title="另一班")
    both(moved, other)
    signed(moved)
    (found,) = elsewhere_on(moved, sittings("2026-11-26 18:00"))
    assert (found.at_once, found.other.id) == (False, other)
    assert found.sentence == "欧阳**：另一班，11月26日（周四）12:00–15:00"
    (found,) = elsewhere_on(moved, sittings("2026-11-26 14:00"))
    assert found.at_once and found.sentence.endswith("，时间相撞")
    assert elsewhere_on(moved, sittings("2026-11-27 09:00")) == []
    assert elsewhere_on(moved, sittings("2026-11-26 14:00"), but=(other,)) == []


def test_an_ended_place_and_a_cancelled_run_are_nowhere(client: FlaskClient) -> None:
    moved, left, called_off = a_run(starts_in=9 * DAYS), a_run(), a_run()
    signup = both(moved, left)
    both(moved, called_off)
    with unit_of_work():
        withdraw(signup)
        db.session.get_one(CourseRun, called_off).state = "cancelled"
    assert elsewhere_on(moved, sittings("2026-11-26 14:00")) == []


def test_a_person_with_two_other_runs_is_one_person(client: FlaskClient) -> None:
    moved, noon, evening = a_run(starts_in=9 * DAYS), a_run(), a_run(starts_in=3 * DAYS + timedelta(hours=5))
    same = {"doc_number": factories.resident_id(), "phone": factories.phone()}
    for run in (moved, noon, evening):
        signed(run, **same)
    found = elsewhere_on(moved, sittings("2026-11-26 09:00"))
    assert ([one.other.id for one in found], people_in(found)) == ([noon, evening], 1)


def test_moving_a_run_onto_another_says_who_before_anything_happens(client: FlaskClient) -> None:
    moved, other = a_run(starts_in=9 * DAYS), a_run(title="另一班")
    both(moved, other)
    desk(client)
    page = f"/console/runs/{moved}/reschedule"
    sent = {"m1.day": "2026-11-26", "m1.begins": "13:00", "m1.ends": "16:00", "reason": "检修", "sure": "1"}
    told = post(client, page, page, **sent)
    assert (told.status_code, changes()) == (409, 0)
    assert "其中 1 人当天另有课程" in told.text and "欧阳**：另一班" in told.text and "时间相撞" in told.text
    assert "欧阳娜娜" not in told.text and 'value="2026-11-26"' in told.text
    assert post(client, page, page, **sent, clash_seen="2").status_code == 409
    assert post(client, page, page, **sent, clash_seen="1").status_code == 303
    assert changes() == 1


def test_merging_into_a_clash_says_who_before_anything_happens(client: FlaskClient) -> None:
    few, many, other = a_run(starts_in=9 * DAYS), a_run(), a_run(title="另一班", starts_in=3 * DAYS + DAYS / 8)
    both(few, other)
    desk(client)
    page = f"/console/runs/{few}/merge"
    told = post(client, page, page, reason="人少", sure="1", into=many)
    assert (told.status_code, changes()) == (409, 0)
    assert "其中 1 人当天另有课程" in told.text and "时间相撞" not in told.text
    assert post(client, page, page, reason="人少", sure="1", into=many, clash_seen="1").status_code == 303


def test_who_is_in_both_merged_runs_is_no_clash(client: FlaskClient) -> None:
    few, many = a_run(starts_in=9 * DAYS), a_run()
    both(few, many)
    desk(client)
    page = f"/console/runs/{few}/merge"
    assert post(client, page, page, reason="人少", sure="1", into=many).status_code == 303


def test_only_runs_with_a_seat_are_offered_the_nearest_first(client: FlaskClient) -> None:
    with factories.made():
        town, far = factories.unit("chengjiang").id, factories.unit("nanzha").id
    run = a_run(starts_in=9 * DAYS, unit_id=town)
    near, late = a_run(starts_in=11 * DAYS, unit_id=town), a_run(starts_in=30 * DAYS, unit_id=town)
    elsewhere = a_run(starts_in=9 * DAYS, unit_id=far)
    full = a_run(starts_in=10 * DAYS, capacity=1, unit_id=town)
    signed(full)
    a_run(kind="junior", starts_in=10 * DAYS, unit_id=town)
    assert [one.run.id for one in merging.could_take(db.session.get_one(CourseRun, run))] == [near, late, elsewhere]


def test_the_merge_form_names_each_run_and_what_is_missing(client: FlaskClient) -> None:
    run = a_run(starts_in=9 * DAYS)
    a_run(starts_in=11 * DAYS, title="周末班", capacity=1)
    for _ in range(2):
        signed(run)
    page = desk(client).get(f"/console/runs/{run}/merge").text
    (choice,) = re.findall(r'<label class="tick"><input type="radio" name="into" .*?</label>', page)
    said = re.sub("<[^>]+>|[\u2060]", "", choice).replace("\u00a0", " ")
    assert said.startswith("周末班12月4日（周五）12:00–15:00，") and said.endswith("（余 1 席，还差 1 席）")
    assert "<select" not in page


def test_of_many_runs_the_nearest_stand_open_and_a_chosen_far_one_too(client: FlaskClient) -> None:
    run = a_run(starts_in=9 * DAYS)
    many = [a_run(starts_in=(10 + n) * DAYS) for n in range(8)]
    page = desk(client).get(f"/console/runs/{run}/merge").text
    assert (page.count('name="into"'), "更远的 2 场" in page) == (8, True)
    sent = post(client, f"/console/runs/{run}/merge", f"/console/runs/{run}/merge", reason="", sure="1", into=many[7])
    assert re.search(rf'<details class="more" open>.*value="{many[7]}" checked', sent.text, re.DOTALL)
    unsaid = post(client, f"/console/runs/{run}/merge", f"/console/runs/{run}/merge", reason="人少", sure="1")
    assert unsaid.status_code == 422
    assert 'href="#f-into"' in unsaid.text and 'id="f-into-error"' in unsaid.text


def test_without_a_run_that_has_a_seat_there_is_nothing_to_press(client: FlaskClient) -> None:
    run = a_run()
    page = desk(client).get(f"/console/runs/{run}/merge").text
    assert "没有还有空位的同类场次" in page and "合并并通知" not in page
    assert "/merge" not in client.get(f"/console/runs/{run}/change").text


@pytest.mark.parametrize(
    ("values", "words"),
    [({}, "（余 50 席，11月25日（周三）18:00锁定名单）"), ({"capacity": 1}, "（已满，可候补，"),
     ({"starts_in": timedelta(hours=8)}, "（余 50 席，名单已锁定）")],
)  # fmt: skip
def test_a_list_chooses_its_runs_by_seats_and_lock(client: FlaskClient, values: dict[str, Any], words: str) -> None:
    with factories.made():
        unit = factories.unit("chengjiang").id
    run = a_run(title="教师班", **values)
    if values.get("capacity"):
        signed(run)
    page = desk(client, "unit_manager", "chengjiang").get(f"/console/lists/new?unit_id={unit}").text
    # Dates and figures are kept together on a narrow page.
    assert "教师班" in page and words in re.sub("</?span[^>]*>|[\u2060]", "", page).replace("\u00a0", " ")


MOVED = [{"starts_at": "2026-11-26T13:00:00+08:00", "ends_at": "2026-11-26T16:00:00+08:00"}]


def call(client: FlaskClient, run: int, verb: str, **body: Any) -> Any:
    with factories.made():
        who = factories.bearer("operator")
    return client.post(f"/api/v1/runs/{run}/{verb}", json={"reason": "检修", **body}, headers=who)


def test_a_program_moves_nobody_onto_another_run_unsaid(client: FlaskClient) -> None:
    moved, other = a_run(starts_in=9 * DAYS), a_run(title="另一班")
    both(moved, other)
    told = call(client, moved, "reschedule", meetings=MOVED)
    assert (told.status_code, told.json["code"], told.json["people"], changes()) == (409, "clashes_unseen", 1, 0)
    (clash,) = told.json["clashes"]
    mine = db.session.scalars(select(Signup.id).where(Signup.run_id == moved)).one()
    assert clash == {"signup_id": mine, "run_id": other, "at_once": True}
    assert (told.json["errors"][0]["pointer"], "欧阳" in told.text) == ("/despite_clashes", False)
    assert call(client, moved, "reschedule", meetings=MOVED, despite_clashes=False).status_code == 409
    done = call(client, moved, "reschedule", meetings=MOVED, despite_clashes=True)
    assert (done.status_code, done.json["id"], changes()) == (200, moved, 1)


def test_a_program_merges_into_no_clash_unsaid(client: FlaskClient) -> None:
    few, many, other = a_run(starts_in=9 * DAYS), a_run(), a_run(title="另一班", starts_in=3 * DAYS + DAYS / 8)
    both(few, other)
    both(few, many)
    told = call(client, few, "merge", into=many)
    assert (told.status_code, told.json["code"], changes()) == (409, "clashes_unseen", 0)
    assert [(one["run_id"], one["at_once"]) for one in told.json["clashes"]] == [(other, False)]
    assert call(client, few, "merge", into=many, despite_clashes=True).status_code == 200


def test_a_program_that_says_nothing_moves_a_run_as_before_where_nobody_is_elsewhere(client: FlaskClient) -> None:
    moved, few, many = a_run(starts_in=9 * DAYS), a_run(starts_in=9 * DAYS), a_run()
    signed(moved)
    both(few, many)
    assert call(client, moved, "reschedule", meetings=MOVED).status_code == 200
    assert call(client, few, "merge", into=many).status_code == 200
