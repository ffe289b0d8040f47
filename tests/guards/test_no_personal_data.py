"""A canary document number and phone through every route that takes input: then none in logs, tables, files or Redis."""

import dataclasses
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import BaseModel
from sqlalchemy import text

from chengjiu_mp import create_app
from chengjiu_mp.core import context, http, privacy
from chengjiu_mp.core.access import access_of
from chengjiu_mp.core.celery import relay
from chengjiu_mp.core.db import Base, db, unit_of_work
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.logs import JsonLines
from tests import factories

DOCUMENT, PHONE = "320281198807150019", "13987650123"
CANARIES = (DOCUMENT, PHONE)
DOCUMENT_FIELDS, PHONE_FIELDS = ("doc_number", "number", "document"), ("phone",)
CONSENTS = [{"purpose": purpose, "version": 1} for purpose in ("signup", "document_number")]
_USUAL = {
    "name": "张三",
    "doc_type": "resident_id",
    "consents": CONSENTS,
    "health_notice_read": True,
    "grant": "phone_code",
}


@pytest.fixture
def app(settings, frozen, redis_url):
    redis.Redis.from_url(redis_url).flushall()
    made = create_app(dataclasses.replace(settings, redis_url=redis_url))
    with made.app_context():
        context.set_request("test", context.SYSTEM)
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def logged(caplog):
    """Return what was logged, as the handler would write it without its censor, and with every field of a record."""
    caplog.set_level(logging.DEBUG)
    plain = JsonLines()

    def lines() -> str:
        return "\n".join(plain.format(r) + repr(r.__dict__) for r in caplog.records if r.name.startswith("chengjiu"))

    return lines


def filled(model: type[BaseModel]) -> dict[str, Any]:
    """Return a body for a model: canaries where they belong, harmless words elsewhere; it need not be accepted."""
    fields = model.model_fields.items()
    return {name: _value(name, f.annotation) for name, f in fields if f.is_required() or name in _USUAL}


def _value(name: str, annotation: Any) -> Any:
    if name in PHONE_FIELDS:
        return PHONE
    if name in DOCUMENT_FIELDS:
        return DOCUMENT
    if name == "consents":
        return CONSENTS
    inner = next((a for a in _parts(annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None)
    if inner is not None:
        return [filled(inner)] if "list" in str(annotation) else filled(inner)
    return _USUAL.get(name, 1)


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(deep for part in getattr(annotation, "__args__", ()) for deep in _parts(part))]


def misfits() -> list[bytes]:
    """Return bodies that no route accepts, each with both canaries in a place of its own."""
    both = f"{DOCUMENT} {PHONE}"
    return [
        both.encode(),
        f'{{"name": "{both}"'.encode(),
        json.dumps({both: both, DOCUMENT: 1}).encode(),
        json.dumps([both]).encode(),
        json.dumps({"phone": [PHONE], "doc_number": {"a": DOCUMENT}, "name": {"b": both}}).encode(),
        json.dumps({"phone": PHONE + "\x00", "doc_number": DOCUMENT + "\ud800"}).encode(),
    ]


def writing(app) -> list[tuple[str, str, Any]]:
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    return [(m, r.rule, app.view_functions[r.endpoint]) for r in rules for m in sorted((r.methods or set()) & WRITE)]


WRITE = {"POST", "PUT", "PATCH", "DELETE"}


def throw_everything(app, run_token: str) -> set[int]:
    client, statuses = app.test_client(), set()
    with factories.made():
        operator = factories.bearer("operator")
    for method, rule, view in writing(app):
        path = re.sub(r"<(?:\w+:)?\w+>", lambda m: "1" if "row:" in m[0] or "int:" in m[0] else run_token, rule)
        op = http.op_of(view)
        bodies = [json.dumps(filled(op.body)).encode(), *misfits()] if op and op.body else misfits()
        for headers in ({}, operator) if access_of(view) else ({},):
            for body in bodies:
                reply = client.open(path, method=method, data=body, headers=headers, content_type="application/json")
                statuses.add(reply.status_code)
            form = {"phone": PHONE, "doc_number": DOCUMENT, "name": DOCUMENT, "code": PHONE, "csrf_token": DOCUMENT}
            statuses.add(client.open(path, method=method, data=form, headers=headers).status_code)
        statuses.add(client.get(f"{path}?phone={PHONE}&q={DOCUMENT}").status_code)
    return statuses


def open_cells() -> list[str]:
    """Return "table.column" of every cell that holds a canary in the open, bytes too."""
    found = []
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(table.select()).mappings():
            found += [f"{table.name}.{name}" for name, value in row.items() if _holds(value)]
    db.session.remove()
    return found


def _holds(value: Any) -> bool:
    raw = value if isinstance(value, bytes) else json.dumps(value, default=str, ensure_ascii=False).encode()
    return any(canary.encode() in raw for canary in CANARIES)


def open_files(folder: Path) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and _holds(file.read_bytes())]


def open_keys(url: str) -> list[str]:
    client = redis.Redis.from_url(url)
    return [str(key) for key in client.scan_iter() if _holds(client.dump(key) or b"") or _holds(bytes(key))]


def test_no_number_of_a_person_stays_anywhere(app, logged, redis_url, tmp_path):
    with factories.made():
        run = factories.run()
        token = privacy.unseal(run.token_sealed, place=CourseRun.PLACE, row=run.uid)
    statuses = throw_everything(app, token)
    assert {s for s in statuses if s >= 500} == set()
    assert {201, 202} <= statuses, "the canaries must have been accepted somewhere, or nothing was shown"
    relay()
    assert (open_cells(), open_files(tmp_path), open_keys(redis_url)) == ([], [], [])
    assert [canary for canary in CANARIES if canary in logged()] == []


def test_a_planted_leak_is_found_in_a_log(app, logged):
    logging.getLogger("chengjiu_mp.planted").info("planted", extra={"phone": PHONE})
    assert PHONE in logged()


def test_a_planted_leak_is_found_in_a_table_a_file_and_redis(app, redis_url, tmp_path):
    with unit_of_work() as session:
        session.execute(text("insert into sector (code, name, sort) values ('a', :name, 1)"), {"name": PHONE})
    (tmp_path / "planted.txt").write_text(DOCUMENT)
    redis.Redis.from_url(redis_url).set("planted", PHONE)
    assert open_cells() == ["sector.name"]
    assert "planted.txt" in open_files(tmp_path)
    assert len(open_keys(redis_url)) == 1
