"""A log line holds allow-listed fields, and no number of a person whatever slips in."""

import json
import logging
import sys

import pytest

from chengjiu_mp.logs import JsonLines


def _line(message="event", exc_info=None, **extra):
    record = logging.LogRecord("chengjiu_mp.test", logging.INFO, __file__, 1, message, (), exc_info)
    record.__dict__.update(extra)
    return JsonLines().format(record)


def test_only_listed_fields_are_written():
    line = json.loads(_line(route="/v/<token>", status=200, password="secret"))
    assert (line["route"], line["status"]) == ("/v/<token>", 200)
    assert "password" not in line


@pytest.mark.parametrize("number", ["13900001111", "+8613900001111", "32028119850615123X", "320281198506151239"])
def test_a_persons_number_is_removed_and_counted(number):
    line = json.loads(_line(f"said {number}."))
    assert number.lstrip("+") not in json.dumps(line)
    assert line["leaks"] == 1


@pytest.mark.parametrize("text", ["de13900001111ab", "1764000000000", "0.13900001111", "139000011110"])
def test_what_only_looks_like_one_is_kept(text):
    assert text in _line(text)


def _caught():
    try:
        raise ValueError("row: 13900001111")
    except ValueError:
        return sys.exc_info()


def test_an_exception_gives_its_class_and_place_not_its_text():
    line = json.loads(_line(exc_info=_caught()))
    assert line["error"] == "ValueError"
    assert line["at_line"].startswith("_caught:")
    assert "1390000" not in json.dumps(line)


def test_every_request_leaves_one_line_with_its_rule(client, caplog):
    client.get("/i/abcdefghijklmnopqrstuvwxyz?name=x")
    lines = [one for one in caplog.records if one.name == "chengjiu_mp.request"]
    assert len(lines) == 1
    assert "abcdefgh" not in JsonLines().format(lines[0])
    assert lines[0].__dict__["ms"] >= 0
