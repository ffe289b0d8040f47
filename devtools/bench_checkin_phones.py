"""What a phone sends: one scan a request."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from chengjiu_mp.core import clock
from devtools.bench_checkin_ground import Hall

TICKETS_AT = "https://example.test/i/"


def scan_of(hall: Hall, ticket: str) -> dict[str, Any]:
    """Return the body of a request that scans this ticket now."""
    now = clock.now().isoformat()
    scan = {
        "nonce": uuid.uuid4().hex, "ticket": f"{TICKETS_AT}{ticket}", "meeting_id": hall.meeting_id, "scanned_at": now,
        "source": "camera",
    }  # fmt: skip
    return {"scans": [scan], "sent_at": now}


def requests(hall: Hall, token: str) -> list[bytes]:
    """Return whole HTTP requests, one a ticket, from an instructor's phone."""
    return [_request(hall.run_id, token, scan_of(hall, ticket)) for ticket in hall.tickets]


def _request(run_id: int, token: str, content: dict[str, Any]) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"POST /api/v1/runs/{run_id}/scans HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def tickets_of(scans: Sequence[dict[str, Any]]) -> list[str]:
    """Return the tickets' tokens, read as a bare endpoint would."""
    return [scan["ticket"].rpartition("/")[2] for scan in scans]
