"""Invented people for measurements: each signs up once."""

import itertools
import json
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "秀英伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉珍梅红建国"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PER_DAY = 999


class Crowd:
    """An endless crowd; nobody comes twice."""

    def __init__(self, consents: Sequence[dict[str, Any]]) -> None:
        self._consents = list(consents)
        self._numbers = itertools.count()

    def next_entry(self) -> dict[str, Any]:
        """Return what the next person types into the form."""
        number = next(self._numbers)
        return {
            "name": name_of(number), "doc_number": resident_number(number), "phone": f"139{number:08d}",
            "consents": self._consents, "health_notice_read": True,
        }  # fmt: skip

    def requests(self, run_id: int, people: int) -> list[bytes]:
        """Return whole HTTP requests, one a person, each with a key of its own as a careful program sends."""
        return [_request(run_id, self.next_entry()) for _ in range(people)]


def name_of(number: int) -> str:
    """Return a name of three characters."""
    rest, given = divmod(number, len(_GIVEN))
    return _NAMES[rest % len(_NAMES)] + _GIVEN[given] + _GIVEN[(rest // len(_NAMES)) % len(_GIVEN)]


def resident_number(number: int) -> str:
    """Return a valid resident identity number of somebody born from 1960 on; another one for each `number`."""
    days, sequence = divmod(number, _PER_DAY)
    body = f"320281{date(1960, 1, 1) + timedelta(days=days):%Y%m%d}{sequence + 1:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def _request(run_id: int, entry: dict[str, Any]) -> bytes:
    body = json.dumps(entry, ensure_ascii=False).encode()
    head = (
        f"POST /api/v1/runs/{run_id}/signups HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {uuid.uuid4().hex}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
