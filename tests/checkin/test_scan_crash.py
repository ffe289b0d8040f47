"""The server dies after the commit and before the reply: the phone sends again, nothing is doubled."""

import json
import subprocess
import sys
from datetime import timedelta

from sqlalchemy import func, select

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.conftest import KEY

# A process of its own: the hook ends it for real.
DYING = """
import json, sys
from datetime import datetime
from pathlib import Path
from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import clock, hooks

told = json.loads(sys.stdin.read())
app = create_app(from_environment(told["environment"]))
clock.set_source(lambda: datetime.fromisoformat(told["now"]))
hooks._file = Path(told["hooks"])
hooks.write(faults={"crash_after_commit": "scans"})
app.test_client().post(told["path"], json=told["body"], headers=told["headers"])
"""


def test_a_reply_that_never_came_is_asked_for_again(client, settings, tmp_path):
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        ticket = factories.ticket(factories.signup(run))
        headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        meeting = db.session.scalars(select(Meeting.id)).one()
    now, path = clock.now().isoformat(), f"/api/v1/runs/{run.id}/scans"
    body = {"scans": [{"nonce": "n1", "ticket": ticket, "meeting_id": meeting, "scanned_at": now}]}
    environment = KEY | {"DATABASE_URL": settings.database_url, "CHENGJIU_DATA_DIR": str(tmp_path)}
    told = {"environment": environment, "now": now, "hooks": str(tmp_path / "hooks.json"), "path": path, "body": body}
    told["headers"] = headers
    done = subprocess.run(
        [sys.executable, "-c", DYING], input=json.dumps(told), text=True, capture_output=True, check=False
    )
    assert done.returncode == 9, done.stderr
    item = client.post(path, json=body, headers=headers).json["items"][0]
    assert item["verdict"] == "accepted"
    assert [db.session.scalar(select(func.count()).select_from(m)) for m in (Scan, CheckIn)] == [1, 1]
