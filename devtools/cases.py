"""`./dev cases F [--json]`: judge a file of tricky inputs by the product's own rules and report where they disagree.

F is JSON: {"meta": {"as_of": "YYYY-MM-DD"}, "cases": [{id, group, doc_type, input, expect, normalized?, derived?}]}.
Exit 0 when nothing disagrees, 1 when something does, 2 when the file cannot be judged at all.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from chengjiu_mp.core import calendar
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.people import resident_number
from chengjiu_mp.people.documents import DocType, DocumentReading, age_on, clean, read_document
from chengjiu_mp.people.names import read_name
from chengjiu_mp.people.phones import read_phone
from chengjiu_mp.wechat.fields import field_fits, scene_fits

Case = Mapping[str, Any]
Outcome = dict[str, Any]  # verdict, and as the group has them: normalized, derived, code

USAGE = "usage: ./dev cases FILE [--json]"


class UnreadableFile(Exception):
    """The file is no case file; the text says why."""


def main(argv: list[str]) -> int:
    """Run the command; return its exit status."""
    files = [arg for arg in argv if arg != "--json"]
    if len(files) != 1 or files[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        report = judge_file(Path(files[0]))
    except UnreadableFile as exc:
        print(f"{files[0]!a}: {exc}", file=sys.stderr)
        return 2
    print(json.dumps(report) if "--json" in argv else as_text(report))
    return 1 if report["mismatches"] else 0


def judge_file(path: Path) -> dict[str, Any]:
    """Return {cases, mismatches, details: [{id, expected, got}]}; details are the mismatches.

    :raise UnreadableFile: when it is missing, no JSON, or without a list of cases and the day they hold for
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        cases, as_of = document["cases"], date.fromisoformat(document["meta"]["as_of"])
    except OSError as exc:
        raise UnreadableFile(exc.strerror or "cannot be opened") from None
    except (ValueError, RecursionError):
        raise UnreadableFile("is not JSON, or meta.as_of is not a day") from None
    except (KeyError, TypeError):
        raise UnreadableFile("has no cases or no meta.as_of") from None
    if not isinstance(cases, list):
        raise UnreadableFile("cases is not a list")
    details = [detail for case in cases if (detail := judge(case, as_of))]
    return {"cases": len(cases), "mismatches": len(details), "details": details}


def judge(case: object, as_of: date) -> dict[str, Any] | None:
    """Return {id, expected, got} where the rules disagree with the case, else None. Takes any JSON value."""
    if not isinstance(case, dict):
        return {"id": None, "expected": None, "got": {"verdict": "not_a_case"}}
    expected: Outcome = {"verdict": case.get("expect")}
    expected |= {key: case[key] for key in ("normalized", "derived") if case.get(key) is not None}
    try:
        outcome = _outcome(case, as_of)
    except Exception as exc:  # noqa: BLE001  the report must name the case, whatever a rule did
        outcome = {"verdict": f"raised {type(exc).__name__}"}
    got: Outcome = {key: outcome.get(key) for key in expected}
    asked, derived = expected.get("derived"), got.get("derived")
    if isinstance(asked, dict) and isinstance(derived, dict):
        got["derived"] = {key: derived.get(key) for key in asked}
    if json.dumps(got, sort_keys=True) == json.dumps(expected, sort_keys=True):
        return None
    if "code" in outcome:
        got["code"] = outcome["code"]
    return {"id": case.get("id"), "expected": expected, "got": got}


def as_text(report: Mapping[str, Any]) -> str:
    """Return the report for people, ASCII only: cases hold invisible characters."""
    lines = [f"{d['id']!a}: expected {d['expected']!a}, got {d['got']!a}" for d in report["details"]]
    return "\n".join([*lines, f"{report['cases']} cases, {report['mismatches']} mismatches"])


def _outcome(case: Case, as_of: date) -> Outcome:
    group = case.get("group")
    rule = _RULES.get(group) if isinstance(group, str) else None
    if rule is None:
        return {"verdict": "unknown_group"}
    try:
        return rule(case, as_of)
    except Refusal as refusal:
        return {"verdict": "reject", "code": refusal.code}


def _text(case: Case) -> str:
    """Return the input; what is no text is an empty answer to a form."""
    value = case.get("input")
    return value if isinstance(value, str) else ""


def _verdict(changed: bool, warnings: tuple[str, ...]) -> str:
    if warnings:
        return "warn"
    return "normalize" if changed else "accept"


def _document(case: Case, as_of: date) -> Outcome:
    chosen = case.get("doc_type")
    if chosen is not None and not (isinstance(chosen, str) and chosen in set(DocType)):
        return {"verdict": "unknown_doc_type"}
    try:
        reading = read_document(_text(case), DocType(chosen) if chosen else None, today=as_of)
    except Refusal as refusal:
        return {"verdict": "reject", "code": refusal.code, "derived": _from_15(_text(case))}
    return {"verdict": reading.verdict.value, "normalized": reading.number, "derived": _derived(reading, as_of)}


def _derived(reading: DocumentReading, as_of: date) -> Outcome:
    if reading.birth is None:
        return {}
    age = age_on(reading.birth, as_of)
    return {
        "birth": reading.birth.isoformat(),
        "gender": reading.gender,
        "age_on_as_of": age,
        "minor_under_14": age < 14,
        "minor_under_18": age < 18,
    }


def _from_15(raw: str) -> Outcome:
    """Return what an archive may make of a number that is refused at sign-up."""
    try:
        number = clean(raw)
    except Refusal:
        return {}
    if not resident_number.OLD_FORM.fullmatch(number):
        return {}
    ambiguous = resident_number.is_centenarian_15(number)
    return {"as_18": resident_number.from_15(number), "as_18_ambiguous": ambiguous}


def _name(case: Case, _as_of: date) -> Outcome:
    reading = read_name(_text(case))
    return {"verdict": _verdict(reading.name != reading.raw, reading.warnings), "normalized": reading.name}


def _phone(case: Case, _as_of: date) -> Outcome:
    reading = read_phone(_text(case))
    changed = reading.number != _text(case)
    return {
        "verdict": _verdict(changed, reading.warnings),
        "normalized": reading.number,
        "derived": {"sms": reading.sms},
    }


def _wx_field(case: Case, _as_of: date) -> Outcome:
    return {"verdict": "accept" if field_fits(str(case.get("doc_type")), _text(case)) else "reject"}


def _wx_scene(case: Case, _as_of: date) -> Outcome:
    return {"verdict": "accept" if scene_fits(_text(case)) else "reject"}


def _calendar(case: Case, _as_of: date) -> Outcome:
    day = _day(case.get("input"))
    return {"verdict": calendar.day_kind(day).value if day else "reject"}


def _validity(case: Case, _as_of: date) -> Outcome:
    given = case.get("input")
    if not isinstance(given, dict):
        return {"verdict": "reject"}
    issued, months = _day(given.get("issued")), given.get("months")
    if issued is None or not isinstance(months, int):
        return {"verdict": "reject"}
    return {"verdict": "value", "normalized": calendar.add_months(issued, months).isoformat()}


def _world_first_aid_day(case: Case, _as_of: date) -> Outcome:
    year = case.get("input")
    if not isinstance(year, int) or not date.min.year <= year <= date.max.year:
        return {"verdict": "reject"}
    return {"verdict": "value", "normalized": calendar.world_first_aid_day(year).isoformat()}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_RULES: dict[str, Callable[[Case, date], Outcome]] = {
    **dict.fromkeys(("id", "id15", "hmt", "fpr", "permit", "passport"), _document),
    "name": _name,
    "phone": _phone,
    "wx_field": _wx_field,
    "wx_scene": _wx_scene,
    "calendar": _calendar,
    "validity": _validity,
    "world_first_aid_day": _world_first_aid_day,
}
