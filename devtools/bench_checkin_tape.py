"""Recording check-ins: `python -m devtools.bench_checkin_tape FILE` writes the script of their replay.

It checks people in on the database of the environment, which is thrown away afterwards.
"""

import json
import sys
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db
from chengjiu_mp.core.privacy import Vault
from devtools import bench_databases as databases
from devtools.bench_checkin_ground import TOUCHED, Hall, Halls, token_file
from devtools.bench_checkin_phones import scan_of
from devtools.bench_plan import Recording, Script, learned
from devtools.bench_tape import TAKES, TAPE, listen, pull_apart


def record(app: Flask, engine: Engine, vault: Vault, token: str) -> Script:
    """Return the replay of a first scan. The database's numbers are pulled apart for that: its older rows no longer
    refer to one another.
    """
    own = databases.connect(engine.url.render_as_string(hide_password=False))
    halls = Halls(own, vault)
    listen(engine)
    engine.dispose()  # connections from before are not heard
    try:
        first = halls.hall(1)
        _check_in(app, first, first.tickets[0], token)  # the first of a process says more than the others
        takes = [_take(app, own, halls, token, number) for number in range(TAKES)]
    finally:
        own.dispose()
    return Script(learned(takes), pings=TAPE.pings)


def _take(app: Flask, own: Engine, halls: Halls, token: str, number: int) -> Recording:
    pull_apart(own, TOUCHED, number)
    hall = halls.hall(2)
    _check_in(app, hall, hall.tickets[0], token)
    ticket = hall.tickets[1]
    body = scan_of(hall, ticket)
    nonce = body["scans"][0]["nonce"]
    given = {"ticket": ids.token_hash(ticket), "meeting": hall.meeting_id, "nonce": nonce, "run": hall.run_id}
    with TAPE.running(**given) as recording:
        _send(app, hall, body, token)
    return recording


def _check_in(app: Flask, hall: Hall, ticket: str, token: str) -> None:
    _send(app, hall, scan_of(hall, ticket), token)


def _send(app: Flask, hall: Hall, body: object, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    reply = app.test_client().post(f"/api/v1/runs/{hall.run_id}/scans", json=body, headers=headers)
    if reply.status_code != 200 or reply.get_json()["items"][0]["verdict"] != "accepted":
        raise SystemExit(f"A scan to be recorded was answered {reply.status_code}: {reply.text[:300]}")


def main(argv: list[str]) -> int:
    """Record, and write the script into the file."""
    app = create_app()
    with app.app_context():
        engine = db.engine
    # Outside of any context: what a request keeps in its own must not serve the next one.
    settings = from_environment()
    token = token_file(settings.data_dir).read_text()
    script = record(app, engine, Vault(settings.keys), token)
    engine.dispose()
    Path(argv[0]).write_text(json.dumps(script.as_json()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
