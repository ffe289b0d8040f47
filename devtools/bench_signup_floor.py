"""The floors of a sign-up: an endpoint that reads the same body, says the recorded statements again, and nothing else.

The server finds it as `devtools.bench_signup_floor:app`; bench_floor.py says what the environment names.
"""

from dataclasses import replace
from typing import Any

from flask import Flask, request

from devtools.bench_floor import bare, on_driver, plan_file
from devtools.bench_signup_plan import Plan
from devtools.bench_signup_replay import Replay
from devtools.bench_wires import spoken


def make(plan: Plan) -> Flask:
    """Return the bare application."""
    app, wire = bare(pings=plan.pings)
    replay = Replay(plan if on_driver() else replace(plan, seated=spoken(plan.seated), waiting=spoken(plan.waiting)))

    @app.post("/api/v1/runs/<int:run_id>/signups")
    def sign_up(run_id: int) -> tuple[dict[str, Any], int]:
        entry = request.get_json()
        seated = replay.sign_up(wire(), run_id)
        return {"run_id": run_id, "name": entry["name"], "state": "confirmed" if seated else "waitlisted"}, 201

    return app


app = make(Plan.from_json(plan_file()))
