"""The floors of a check-in: an endpoint that reads the same body, says the recorded statements again, and nothing else.

The server finds it as `devtools.bench_checkin_floor:app`; bench_floor.py says what the environment names.
"""

from typing import Any

from flask import Flask, request

from chengjiu_mp.core import ids
from devtools.bench_checkin_phones import tickets_of
from devtools.bench_floor import bare, on_driver, plan_file
from devtools.bench_plan import Script
from devtools.bench_replay import Said, Talk
from devtools.bench_wires import spoken


def make(script: Script) -> Flask:
    """Return the bare application."""
    app, wire = bare(pings=script.pings)
    steps = [Said(step) for step in (script.steps if on_driver() else spoken(script.steps))]

    @app.post("/api/v1/runs/<int:run_id>/scans")
    def scans(run_id: int) -> dict[str, Any]:
        given = request.get_json()["scans"]
        (ticket,), scan = tickets_of(given), given[0]
        row = {"ticket": ids.token_hash(ticket), "meeting": scan["meeting_id"], "nonce": scan["nonce"], "run": run_id}
        Talk(wire(), row).say(steps)
        return {"items": [{"nonce": scan["nonce"], "verdict": "accepted", "code": "ok", "message": "已签到。"}]}

    return app


app = make(Script.from_json(plan_file()))
