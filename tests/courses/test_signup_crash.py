"""The server dies after the commit and before the reply: the same key brings the first reply, and one place."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from tests import factories
from tests.conftest import KEY
from tests.courses.test_api import form

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
hooks.write(faults={"crash_after_commit": "signup"})
app.test_client().post(told["path"], data=told["body"], headers=told["headers"])
"""


def test_a_sign_up_whose_reply_was_lost_is_made_once(client: Any, settings: Any, frozen: Any, tmp_path: Path) -> None:
    with factories.made():
        run = factories.run()
    request = {"path": f"/api/v1/runs/{run.id}/signups", "body": json.dumps(form())}
    headers = {"Idempotency-Key": "lost", "Content-Type": "application/json"}
    environment = KEY | {"DATABASE_URL": settings.database_url, "CHENGJIU_DATA_DIR": str(tmp_path)}
    told = {"environment": environment, "now": frozen.now.isoformat(), "hooks": str(tmp_path / "h.json"), **request}
    done = subprocess.run(
        [sys.executable, "-c", DYING], input=json.dumps(told | {"headers": headers}), text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr
    again = client.post(request["path"], data=request["body"], headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 1
