"""The floor: a bare Flask endpoint that says the recorded statements again, and does nothing else.

It reads the same body, takes turns as the application does, and takes connections from the same kind of pool. The
server finds it as `devtools.bench_signup_floor:app`; FLOOR_PLAN names the plan's file.
"""

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy import create_engine

from chengjiu_mp.config import from_environment
from chengjiu_mp.core.db import prepare_sqlite
from chengjiu_mp.web.turns import TakeTurns
from devtools.bench_signup_plan import Plan
from devtools.bench_signup_replay import Replay

BODY = 1024 * 1024


def make(plan: Plan) -> Flask:
    """Return the bare application for the database of the environment."""
    settings = from_environment()
    engine = create_engine(settings.database_url, pool_pre_ping=plan.pings)
    if engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    pool, replay, app = engine.pool, Replay(plan), Flask("floor")

    @app.post("/api/v1/runs/<int:run_id>/signups")
    def sign_up(run_id: int) -> tuple[dict[str, Any], int]:
        entry = request.get_json()
        seated = replay.sign_up(pool, run_id)
        return {"run_id": run_id, "name": entry["name"], "state": "confirmed" if seated else "waitlisted"}, 201

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        connection = pool.connect()
        connection.cursor().execute("select 1")
        connection.rollback()
        connection.close()
        return {"status": "ok"}

    return app


app = make(Plan.from_json(json.loads(Path(os.environ["FLOOR_PLAN"]).read_text())))
app.wsgi_app = TakeTurns(app.wsgi_app, BODY)  # type: ignore[method-assign]
