"""Recording sign-ups: `python -m devtools.bench_signup_tape FILE` writes the plan of their replay.

It signs people up on the database of the environment, which is thrown away afterwards.
"""

import dataclasses
import json
import sys
import uuid
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from chengjiu_mp import create_app
from chengjiu_mp.core.db import db
from devtools import bench_databases as databases
from devtools import bench_signup_ground as ground
from devtools.bench_plan import Recording
from devtools.bench_signup_people import Crowd
from devtools.bench_signup_plan import Plan, written
from devtools.bench_tape import TAKES, TAPE, listen, pull_apart

CAPACITY = 2


def record(app: Flask, engine: Engine) -> Plan:
    """Return the replay of a sign-up, from several that got a seat and several that wait.

    Its numbers are pulled apart for that: rows from before no longer refer to one another.
    """
    own = databases.connect(engine.url.render_as_string(hide_password=False))
    crowd = Crowd(ground.agreed(own))
    listen(engine)
    engine.dispose()  # connections from before are not heard
    try:
        _sign_up(app, ground.new_run(own, CAPACITY), crowd, 1)  # the first of a process says more than the others
        seated = [_take(app, own, crowd, number % CAPACITY, number) for number in range(TAKES)]
        waiting = [_take(app, own, crowd, CAPACITY + number, TAKES + number) for number in range(TAKES)]
    finally:
        own.dispose()
    return dataclasses.replace(written(seated, waiting), pings=TAPE.pings)


def _take(app: Flask, own: Engine, crowd: Crowd, before: int, number: int) -> Recording:
    pull_apart(own, ground.WRITTEN, number)
    run_id = ground.new_run(own, CAPACITY)
    _sign_up(app, run_id, crowd, before)
    with TAPE.running(run=run_id) as recording:
        _sign_up(app, run_id, crowd, 1)
    return recording


def _sign_up(app: Flask, run_id: int, crowd: Crowd, people: int) -> None:
    for _ in range(people):
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        reply = app.test_client().post(f"/api/v1/runs/{run_id}/signups", json=crowd.next_entry(), headers=headers)
        if reply.status_code != 201:
            raise SystemExit(f"A sign-up to be recorded was answered {reply.status_code}: {reply.text[:300]}")


def main(argv: list[str]) -> int:
    """Record, and write the plan into the file."""
    app = create_app()
    with app.app_context():
        engine = db.engine
    # Outside of any context: what a request keeps in its own must not serve the next one.
    plan = record(app, engine)
    engine.dispose()
    Path(argv[0]).write_text(json.dumps(plan.as_json()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
