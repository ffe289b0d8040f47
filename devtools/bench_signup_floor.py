"""The floors: a bare Flask endpoint that says the recorded statements again, and does nothing else.

It reads the same body, takes turns as the application does, and takes connections from the same kind of pool. FLOOR
names what it speaks through: "floor" is the session of Flask-SQLAlchemy with `text()`, as a bare endpoint of this stack
would be written; "driver" is the raw driver. The server finds it as `devtools.bench_signup_floor:app`; FLOOR_PLAN names
the plan's file.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from chengjiu_mp.config import from_environment
from chengjiu_mp.core.db import tune_sqlite
from chengjiu_mp.web.turns import TakeTurns
from devtools.bench_signup_plan import Plan
from devtools.bench_signup_replay import Replay, Wire
from devtools.bench_signup_wires import DriverWire, SessionWire, spoken

BODY = 1024 * 1024


def make(plan: Plan, *, on_driver: bool) -> Flask:
    """Return the bare application for the database of the environment."""
    app = Flask("floor")
    app.config["SQLALCHEMY_DATABASE_URI"] = from_environment().database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": plan.pings}
    db = SQLAlchemy(app, session_options={"expire_on_commit": False})
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        tune_sqlite(engine)
    replay = Replay(plan if on_driver else spoken(plan))
    wire: Callable[[], Wire] = (lambda: DriverWire(engine.pool)) if on_driver else (lambda: SessionWire(db.session()))

    @app.post("/api/v1/runs/<int:run_id>/signups")
    def sign_up(run_id: int) -> tuple[dict[str, Any], int]:
        entry = request.get_json()
        seated = replay.sign_up(wire(), run_id)
        return {"run_id": run_id, "name": entry["name"], "state": "confirmed" if seated else "waitlisted"}, 201

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        db.session.execute(text("select 1"))
        return {"status": "ok"}

    return app


app = make(
    Plan.from_json(json.loads(Path(os.environ["FLOOR_PLAN"]).read_text())), on_driver=os.environ["FLOOR"] == "driver"
)
app.wsgi_app = TakeTurns(app.wsgi_app, BODY)  # type: ignore[method-assign]
