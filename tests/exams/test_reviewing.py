"""抽查: a third person looks at a share of what was confirmed; and the queue says for whom it waits."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work, violated
from chengjiu_mp.exams.models import Submission
from chengjiu_mp.exams.queries import submissions_waiting_for
from chengjiu_mp.exams.review_models import ExamPolicy, ResultReview
from chengjiu_mp.exams.reviewing import is_picked
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories, issued


class Case:
    """A confirmed run that was picked, and an approver who had no part in it."""

    def __init__(self, client: Any, share: float = 1.0) -> None:
        self.client = client
        self.run, by = issued.ready_run("张三")
        with factories.made():
            db.session.add(ExamPolicy(sample_share=share))
            self.confirmer = factories.headers_of(db.session.get_one(Account, by.account_id))
            self.third = factories.bearer("approver", name="顾问渠")
        self.url = f"/api/v1/runs/{self.run.id}/results"
        assert client.post(f"{self.url}/confirm", headers=self.confirmer).status_code == 200

    def say(self, who: dict[str, str], verdict: str = "fine", note: str = "") -> Any:
        row = db.session.scalars(select(ResultReview)).one()
        body = {"verdict": verdict, "note": note}
        return self.client.post(f"{self.url}/reviews/{row.id}", json=body, headers=who)


@pytest.fixture
def case(app: Flask, client: Any) -> Case:
    return Case(client)


def test_the_certificates_do_not_wait_for_it(case: Case) -> None:
    assert db.session.scalars(select(Certificate.state)).all() == ["issued"]
    assert db.session.scalars(select(ResultReview.state)).all() == ["waiting"]
    queue = case.client.get("/api/v1/results/queue", headers=case.third).json
    assert (queue["confirmations"], [one["run_id"] for one in queue["reviews"]]) == ([], [case.run.id])


def test_who_confirmed_is_not_the_third_person(case: Case) -> None:
    refused = case.say(case.confirmer)
    assert (refused.status_code, refused.json["code"]) == (403, "third_person_needed")
    done = case.say(case.third, "problem", "操作考核没有评分表")
    assert (done.json["state"], done.json["note"]) == ("problem", "操作考核没有评分表")
    assert case.say(case.third).json["code"] == "review_done"


def test_a_problem_is_described(case: Case) -> None:
    assert case.say(case.third, "problem").json["code"] == "note_missing"


@pytest.mark.parametrize("column", ["submitted_by", "confirmed_by"])
def test_the_database_itself_wants_a_third_person(case: Case, column: str) -> None:
    take = f"update result_review set state = 'fine', reviewed_at = picked_at, reviewed_by = {column}"
    with pytest.raises(IntegrityError) as caught, unit_of_work():
        db.session.execute(text(take))
    assert violated(caught.value, "ck_result_review_third_person")


def test_a_share_of_nothing_picks_nobody(app: Flask, client: Any) -> None:
    Case(client, share=0.0)
    assert db.session.scalars(select(ResultReview)).all() == []


def test_the_same_run_is_drawn_the_same_and_about_one_in_twenty() -> None:
    uids = [f"run-{n}" for n in range(4000)]
    picked = [uid for uid in uids if is_picked(uid, 1, 0.05)]
    assert picked == [uid for uid in uids if is_picked(uid, 1, 0.05)]
    assert 150 <= len(picked) <= 250


def test_the_page_takes_the_word_and_shows_it(case: Case) -> None:
    page = f"/console/results/{case.run.id}"
    assert "抽查复核" in case.client.get("/console/results/", headers=case.third).text
    row = db.session.scalars(select(ResultReview)).one()
    refused = case.client.post(f"{page}/reviews/{row.id}", data={"note": "看过"}, headers=case.third)
    assert refused.status_code == 422
    assert "请选一项" in refused.text
    form = {"verdict": "fine", "note": ""}
    assert case.client.post(f"{page}/reviews/{row.id}", data=form, headers=case.third).status_code == 303
    assert "复核无误" in case.client.get(page, headers=case.confirmer).text
    assert case.run.title not in case.client.get("/console/results/", headers=case.third).text


def test_deputies_stand_with_their_last_day_and_the_longest_waiting_first(app: Flask) -> None:
    today = clock.today()
    with factories.made():
        late, early = rows.past_run(title="后交的"), rows.past_run(title="先交的")
        for run, hours in ((late, 1), (early, 30)):
            rows.submitted(run).submitted_at = clock.now() - timedelta(hours=hours)
        deputy = factories.account(
            "approver", name="代理人", valid_from=today - timedelta(days=1), valid_to=today + timedelta(days=3)
        )
        factories.account("approver", name="过期的", valid_to=today - timedelta(days=1))
        factories.account("approver", name="本人")
    with factories.acting(deputy):
        waiting = submissions_waiting_for(context.principal())
    assert [one.run.title for one in waiting] == ["先交的", "后交的"]
    assert waiting[0].approvers == ("本人", "代理人（代理至2026年11月26日）")
    assert db.session.scalar(select(Submission.id).limit(1)) is not None
