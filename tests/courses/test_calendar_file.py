"""feat-A14: the file imports with the right place and Asia/Shanghai time. The parser here is as strict as RFC 5545."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses import changes
from chengjiu_mp.courses.calendar_file import Plan, Sitting, calendar_file
from chengjiu_mp.courses.models import CourseRun, Meeting
from chengjiu_mp.courses.sittings import Sitting as Times
from tests import factories
from tests.signups import signed

BEGINS = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
Component = tuple[str, dict[str, tuple[dict[str, str], str]], list[Any]]


def content_lines(raw: bytes) -> list[str]:
    """Unfold; refuse bare line ends, lines of more than 75 octets, and what is no UTF-8 per line."""
    assert raw.endswith(b"\r\n")
    physical = raw[:-2].split(b"\r\n")
    for line in physical:
        assert b"\n" not in line
        assert b"\r" not in line
        assert 0 < len(line) <= 75
        line.decode("utf-8")
    lines: list[str] = []
    for line in physical:
        if line.startswith(b" "):
            lines[-1] += line[1:].decode()
        else:
            lines.append(line.decode())
    return lines


def parsed(raw: bytes) -> Component:
    """Return the calendar as (name, {property: (parameters, value)}, components)."""
    stack: list[Component] = []
    for line in content_lines(raw):
        match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^;:\"]+)*):(.*)", line)
        assert match, line
        name, parameters, value = match.groups()
        if name == "BEGIN":
            stack.append((value, {}, []))
            continue
        if name == "END":
            done = stack.pop()
            assert done[0] == value
            if not stack:
                return done
            stack[-1][2].append(done)
            continue
        assert name not in stack[-1][1], f"{name} twice"
        stack[-1][1][name] = (dict(p.split("=") for p in parameters.split(";")[1:]), value)
    raise AssertionError("no end")


def text_of(value: str) -> str:
    assert not re.search(r"(?<!\\)[;,]", value.replace("\\\\", "")), value
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)


def moment(given: tuple[dict[str, str], str]) -> datetime:
    parameters, value = given
    assert parameters == {"TZID": "Asia/Shanghai"}
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def events(raw: bytes) -> list[dict[str, tuple[dict[str, str], str]]]:
    name, properties, inside = parsed(raw)
    assert (name, properties["VERSION"][1]) == ("VCALENDAR", "2.0")
    assert properties["PRODID"][1]
    zones = [one for one in inside if one[0] == "VTIMEZONE"]
    assert [zone[1]["TZID"][1] for zone in zones] == ["Asia/Shanghai"]
    assert zones[0][2][0][1]["TZOFFSETTO"][1] == "+0800"
    found = [one[1] for one in inside if one[0] == "VEVENT"]
    for one in found:
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= one.keys()
        assert re.fullmatch(r"\d{8}T\d{6}Z", one["DTSTAMP"][1])
    return found


def plan(**changed: Any) -> Plan:
    facts = {
        "run_id": 7, "title": "救护员持证培训", "place": "培训基地，江阴市澄江中路 1 号", "bring": "穿宽松衣服。",
        "url": "http://127.0.0.1:8000/s/" + "a" * 26, "changes": 0, "made_at": BEGINS,
    }  # fmt: skip
    return Plan(**{**facts, **changed})


def sitting(at: datetime = BEGINS, sequence: int = 1) -> Sitting:
    return Sitting(sequence, at, at + timedelta(hours=3))


def fetched(client: FlaskClient, ticket: str) -> bytes:
    reply = client.get(f"/i/{ticket}/class.ics")
    assert (reply.status_code, reply.mimetype) == (200, "text/calendar")
    assert 'filename="class.ics"' in reply.headers["Content-Disposition"]
    return bytes(reply.data)


def test_time_place_and_text_are_those_of_the_run(app: Flask) -> None:
    one = events(calendar_file(plan(), [sitting()]))[0]
    assert (moment(one["DTSTART"]), moment(one["DTEND"])) == (BEGINS, BEGINS + timedelta(hours=3))
    assert one["DTSTART"][1] == "20261128T140000"
    assert text_of(one["LOCATION"][1]) == "培训基地，江阴市澄江中路 1 号"
    assert text_of(one["SUMMARY"][1]) == "救护员持证培训"
    assert "穿宽松衣服" in text_of(one["DESCRIPTION"][1])


@pytest.mark.parametrize("title", ["应" * 60, "a" * 200, "𠮷" * 50, "a应" * 40, "逗号, 分号; 反斜\\杠\n第二行"])
def test_long_and_awkward_words_fold_between_characters_and_come_back_whole(app: Flask, title: str) -> None:
    assert text_of(events(calendar_file(plan(title=title), [sitting()]))[0]["SUMMARY"][1]) == title


def test_every_sitting_is_an_event_of_its_own(app: Flask) -> None:
    found = events(calendar_file(plan(), [sitting(), sitting(BEGINS + timedelta(days=1), 2)]))
    assert len({one["UID"][1] for one in found}) == 2
    assert [text_of(one["SUMMARY"][1]).partition("（")[2] for one in found] == [
        "第 1 次，共 2 次）",
        "第 2 次，共 2 次）",
    ]
    assert [one["DTSTART"][1][:8] for one in found] == ["20261128", "20261129"]


def test_the_ticket_gives_it_without_a_person_or_a_key(app: Flask, client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(starts_in=BEGINS - clock.now())
        db.session.add(
            Meeting(
                run_id=run.id, sequence=2, starts_at=BEGINS + timedelta(days=1),
                ends_at=BEGINS + timedelta(days=1, hours=2),
            )
        )  # fmt: skip
        run_id = run.id
    made = signed(run_id, name="欧阳娜娜")
    raw = fetched(client, made.ticket_token)
    assert [moment(one["DTSTART"]) for one in events(raw)] == [BEGINS, BEGINS + timedelta(days=1)]
    whole = "".join(content_lines(raw))
    assert ("欧阳娜娜" in whole, made.ticket_token in whole) == (False, False)


def test_a_new_date_has_the_same_name_and_a_higher_number(app: Flask, client: FlaskClient) -> None:
    with factories.made():
        run = factories.run().id
    ticket = signed(run).ticket_token
    before = events(fetched(client, ticket))[0]
    later = clock.now() + timedelta(days=9)
    with unit_of_work():
        changes.reschedule(db.session.get_one(CourseRun, run), [Times(later, later + timedelta(hours=2))], "老师生病")
    after = events(fetched(client, ticket))[0]
    assert before["UID"] == after["UID"]
    assert int(after["SEQUENCE"][1]) > int(before["SEQUENCE"][1])
    assert moment(after["DTSTART"]) == later.replace(microsecond=0)
    with unit_of_work():
        changes.cancel(db.session.get_one(CourseRun, run), "台风")
    gone = events(fetched(client, ticket))[0]
    assert (gone["STATUS"][1], int(gone["SEQUENCE"][1])) == ("CANCELLED", int(after["SEQUENCE"][1]) + 1)


def test_a_link_that_is_none_of_ours_is_not_there(client: FlaskClient) -> None:
    assert client.get(f"/i/{'a' * 26}/class.ics").status_code == 404
