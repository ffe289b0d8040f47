"""What both measurements' floors are made of: a bare Flask application of this stack that can say statements.

It takes turns as the application does, and takes connections from the same kind of pool. FLOOR names what it speaks
through: "floor" is the session of Flask-SQLAlchemy with `text()`, as a bare endpoint of this stack would be written;
"driver" is the raw driver. FLOOR_PLAN names the file of what is to be said.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event, text

from chengjiu_mp.config import from_environment
from chengjiu_mp.core.engines import begin_to_write, tune_sqlite
from chengjiu_mp.web.turns import TakeTurns
from devtools.bench_replay import Wire
from devtools.bench_wires import DriverWire, SessionWire

BODY = 1024 * 1024


def on_driver() -> bool:
    """Return whether this process is the floor of the raw driver."""
    return os.environ["FLOOR"] == "driver"


def plan_file() -> Any:
    """Return what the plan's file holds."""
    return json.loads(Path(os.environ["FLOOR_PLAN"]).read_text())


def bare(*, pings: bool) -> tuple[Flask, Callable[[], Wire]]:
    """Return the bare application for the database of the environment, and what gives a request its wire."""
    app = Flask("floor")
    app.config["SQLALCHEMY_DATABASE_URI"] = from_environment().database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": pings}
    db = SQLAlchemy(app, session_options={"expire_on_commit": False})
    with app.app_context():
        engine = db.engine
    begin_as_the_product(engine)

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        db.session.execute(text("select 1"))
        return {"status": "ok"}

    app.wsgi_app = TakeTurns(app.wsgi_app, BODY)  # type: ignore[method-assign]
    return app, (lambda: DriverWire(engine.pool)) if on_driver() else (lambda: SessionWire(db.session()))


def begin_as_the_product(engine: Engine) -> None:
    """Let SQLite's transactions begin as those of the product that write: its driver begins none by itself, and each
    statement would be committed alone.
    """
    if engine.dialect.name == "sqlite":
        tune_sqlite(engine)
        event.listen(engine, "checkout", lambda raw, *_: begin_to_write(raw))
