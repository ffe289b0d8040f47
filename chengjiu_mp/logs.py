"""Logs as JSON lines with allow-listed fields, and a second net that counts what should never be there (rel 3.2)."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from flask import Flask

FIELDS = (
    "request_id",
    "error",
    "method",
    "route",
    "status",
    "ms",
    "job",
    "kind",
    "attempts",
    "account",
    "leaks",
    "port",
)

# Runs of digits as long as a mobile number or an identity number; not a stretch of a hash or of a decimal fraction.
_PERSONAL = re.compile(
    r"(?<![0-9a-fA-F])(?<!\d\.)(?:(?:86)?1[3-9]\d{9}|\d{17}[\dXx])(?![0-9a-fA-F])(?!\.\d)",
)


_json = json.JSONEncoder(ensure_ascii=False).encode


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the allow-listed fields."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.__dict__
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage(),
            **{name: said[name] for name in FIELDS if name in said},
        }  # fmt: skip
        if record.exc_info and record.exc_info[0]:
            # The class and the place, not the text: a driver's text holds the row.
            line["error"] = record.exc_info[0].__name__
            line["at_line"] = _innermost(record)
        return _censor(_json(line))


def _innermost(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""


def _censor(line: str) -> str:
    clean, found = _PERSONAL.subn("[removed]", line)
    return clean[:-1] + f', "leaks": {found}}}' if found else clean


def init_app(app: Flask) -> None:
    """Write the application's logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    if not any(isinstance(h.formatter, JsonLines) for h in root.handlers):
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    # The relay ticks every two seconds: what only says so would bury what matters.
    for noisy in ("alembic", "celery.app.trace", "celery.beat", "celery.worker.strategy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    app.logger.propagate = True
