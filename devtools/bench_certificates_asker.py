"""A child: the application on one database, asked as the public asks it. A line in, the medians of a round out.

Each request comes from another network, and each look-up is of another phone: limits are counted as always, and met by
nobody.
"""

import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.outbox.models import Message

EACH = 40
_API = "/api/v1"


class Public:
    """People who verify and look up, one after the other."""

    def __init__(self, app: Flask, plan: list[dict[str, str]]) -> None:
        self._app, self._plan, self._asked, self._network = app, plan, 0, 0

    def round(self) -> dict[str, float]:
        """Ask every kind of question for the next so many certificates; return milliseconds by kind."""
        of = [self._plan[(self._asked + place) % len(self._plan)] for place in range(EACH)]
        self._asked += EACH
        kinds: dict[str, Callable[[dict[str, str]], float]] = {
            "verify": self._verify, "number": self._number, "lookup": self._look_up,
        }  # fmt: skip
        return {kind: statistics.median(ask(one) for one in of) for kind, ask in kinds.items()}

    def _verify(self, one: dict[str, str]) -> float:
        spent, reply = self._timed("GET", f"/verify/{one['token']}")
        assert reply["number"] == one["number"]  # noqa: S101
        return spent

    def _number(self, one: dict[str, str]) -> float:
        spent, reply = self._timed("POST", "/verify", {"number": one["number"], "name": one["name"]})
        assert reply["match"] is True  # noqa: S101
        return spent

    def _look_up(self, one: dict[str, str]) -> float:
        first, started = self._timed("POST", "/certificates/lookup", {"phone": one["phone"]})
        answer = {"challenge_id": started["challenge_id"], "code": self._code(one["phone"]), "name": one["name"]}
        second, reply = self._timed("POST", "/certificates/lookup/answer", answer)
        assert [found["number"] for found in reply["certificates"]] == [one["number"]]  # noqa: S101
        return first + second

    def _code(self, phone: str) -> str:
        """Return the code that a phone was sent, without time on the clock."""
        with self._app.app_context():
            of = select(Message).where(Message.phone_index == privacy.phone_index(phone))
            row = db.session.scalars(of.order_by(Message.id.desc()).limit(1)).one()
            body = privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)
            return str(re.findall(r"\d{6}", body)[0])

    def _timed(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[float, dict[str, Any]]:
        self._network += 1
        number = self._network
        client = self._app.test_client()
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        began = time.perf_counter()
        reply = client.open(_API + path, method=method, json=body, environ_base={"REMOTE_ADDR": address})
        spent = (time.perf_counter() - began) * 1000
        assert reply.status_code < 300, reply.get_data(as_text=True)  # noqa: S101
        found: dict[str, Any] = reply.get_json()
        return spent, found


def main(plan: Path) -> None:
    """Answer each line on the input with a round's medians."""
    public = Public(create_app(from_environment()), json.loads(plan.read_text()))
    for _ in sys.stdin:
        print(json.dumps(public.round()), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
