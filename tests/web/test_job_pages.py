"""后台作业: how far the work is, and why something rests, in words."""

from datetime import timedelta

import pytest

from chengjiu_mp.core import clock, ids, jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.job_progress import Progress, under_way
from chengjiu_mp.core.models import Job
from chengjiu_mp.web.admin.job_words import forecast
from tests import factories


def _jobs(number: int, **values) -> None:
    with unit_of_work():
        for _ in range(number):
            key = ids.new_uid()
            db.session.add(Job(kind="certificates.render", queue=jobs.RENDER, subject_id=1, dedupe_key=key, **values))


def test_progress_and_forecast_follow_the_pace_of_the_last_minutes(app, frozen):
    _jobs(60, state="done", done_at=clock.now() - timedelta(seconds=30))
    _jobs(5, state="done", done_at=clock.now() - timedelta(hours=1))
    _jobs(240, state="queued")
    (found,) = under_way()
    assert (found.kind, found.waiting, found.per_minute, found.seconds_left) == (
        "certificates.render",
        240,
        120.0,
        120.0,
    )


def test_without_a_pace_there_is_no_forecast(app, frozen):
    _jobs(3, state="queued")
    assert under_way()[0].seconds_left is None


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress("k", 5, 0), "刚开始，还算不出要多久"),
        (Progress("k", 30, 60), "最近每分钟 60 项，一分钟内完成"),
        (Progress("k", 15_000, 1500), "最近每分钟 1500 项，大约还要 10 分钟"),
        (Progress("k", 60, 0.5), "最近每分钟不到 1 项，大约还要 2 小时"),
    ],
)
def test_the_forecast_in_words(progress, words):
    assert forecast(progress) == words


def test_the_page_says_both_in_chinese(app, client, frozen):
    _jobs(60, state="done", done_at=clock.now() - timedelta(seconds=30))
    _jobs(2, state="queued", reason="disk_full")
    with factories.made():
        operator = factories.bearer("operator")
    page = client.get("/console/jobs/?state=queued", headers=operator).text
    assert "还有 2 项。最近每分钟 120 项，一分钟内完成。" in page
    assert "证书图片" in page
    assert "certificates.render" not in page
    assert "磁盘满了，腾出空间后会自动继续" in page
