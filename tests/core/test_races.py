"""Real threads and real commits: what the database must judge."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Blueprint
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.core import access, jobs, limits
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.units.models import Sector


class RacedIn(In):
    code: str


class RacedOut(Out):
    id: int


@pytest.fixture
def racing(settings, frozen):
    """An application whose work runs in eight threads, each in its own context."""
    app = create_app(settings)
    bp = Blueprint("raced", __name__, url_prefix="/api/v1/raced")

    @route(bp, "POST", "", access.PUBLIC, status=201)
    def race(body: RacedIn) -> RacedOut:
        row = Sector(
            code=f"{body.code}{db.session.scalar(select(func.count()).select_from(Sector))}", name="名", sort=1
        )
        db.session.add(row)
        db.session.flush()
        return RacedOut.model_validate(row)

    app.register_blueprint(bp)

    def together(work: Callable[[], Any], times: int) -> list[Any]:
        def one(_: int) -> Any:
            with app.app_context():
                try:
                    return work()
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(times)))

    with app.app_context():
        yield app, together
        db.session.remove()
        db.engine.dispose()


def test_one_key_in_many_hands_has_one_effect(racing):
    app, together = racing

    def post() -> tuple[int, bytes]:
        reply = app.test_client().post("/api/v1/raced", json={"code": "a"}, headers={"Idempotency-Key": "k"})
        return reply.status_code, reply.data

    replies = together(post, 16)
    assert len(set(replies)) == 1 and replies[0][0] == 201
    assert db.session.scalar(select(func.count()).select_from(Sector)) == 1


def test_a_limit_is_never_exceeded_by_racing(racing):
    _, together = racing

    def spend() -> bool:
        try:
            limits.spend(limits.Limit("raced", times=5, seconds=60))
        except TooMany:
            return False
        return True

    assert sum(together(spend, 40)) == 5


def test_fifty_deliveries_of_one_job_are_one_claim(racing):
    _, together = racing
    with unit_of_work():
        jobs.ask("raced.kind", 1, queue=jobs.SLOW, dedupe_key="raced")
    job_id = db.session.scalars(select(Job.id)).one()
    db.session.remove()
    claims = [c for c in together(lambda: jobs.claim(job_id), 50) if c]
    assert len(claims) == 1
