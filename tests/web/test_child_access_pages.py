"""The yearly audit of who saw full numbers of children: what is on it, what is not, and who may mark it."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.lists.models import UnitList, UnitListLine
from chengjiu_mp.outbox import calls
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.reports import child_access
from chengjiu_mp.reports.child_access import accesses_in, counted, mark_reviewed, reviews_of
from chengjiu_mp.reports.errors import AccessesChanged, OwnAccesses
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories, families, rosters, signups
from tests.conftest import FrozenClock
from tests.figures_rows import at

PAGE = "/console/audit/children/"
_keys = iter(range(10_000))


SEVENTEEN, ADULT = "20090615", "19900615"


def to_call(*, child: bool, birth: str = ADULT) -> None:
    """Put a child of ten, or somebody else, on the call list."""
    with factories.made():
        run_id = factories.run("popular").id
    with unit_of_work():
        entry = signups.entry(doc_number=families.child_id(families.TEN if child else birth))
        signup = sign_up(run_id, entry, channel="api", guardian=families.mother() if child else None).signup
        assert signup.needs_guardian == child
        message = tell(
            "signup.run_cancelled", dedupe_key=f"k{next(_keys)}", body="b", phone="13900001111", about=signup,
            expires_at=clock.now() + timedelta(days=700),
        )  # fmt: skip
        db.session.add(Delivery(message_id=message.id, channel="call"))


def account(role: str = "operator", name: str = "周敏", **grant: Any) -> Account:
    with factories.made():
        found = factories.account(role, **grant)
        found.name = name
    return found


def principal(of: Account) -> Principal:
    return Principal(account_id=of.id, name=of.name, grants=sessions.grants_of(of.id))


def look(who: Account, reason: str = "通知明天停课") -> None:
    with factories.acting(who), unit_of_work():
        calls.reveal(principal(who), reason)


def review(who: Account, seen: int, year: int = 2026, note: str = "") -> None:
    with factories.acting(who), unit_of_work():
        mark_reviewed(year, principal(who), seen=seen, note=note)


def test_only_looks_at_children_are_on_the_list_with_their_reason(client: FlaskClient) -> None:
    to_call(child=True)
    to_call(child=False)
    who = account()
    look(who)
    (found,) = accesses_in(2026)
    assert (found.account_id, found.name, found.reason) == (who.id, "周敏", "通知明天停课")
    assert found.what == "电话号码（停课）"


@pytest.mark.parametrize(("birth", "expected"), [(SEVENTEEN, 1), (ADULT, 0)])
def test_who_is_a_minor_and_needs_no_guardian_is_on_it_too(client: FlaskClient, birth: str, expected: int) -> None:
    to_call(child=False, birth=birth)
    look(account())
    assert len(accesses_in(2026)) == expected


def test_a_year_ends_at_midnight_in_jiangyin(client: FlaskClient, frozen: FrozenClock) -> None:
    to_call(child=True)
    who = account()
    for when in ("2026-12-31 23:59", "2027-01-01 00:00"):
        frozen.now = at(when)
        look(who)
    assert [len(accesses_in(year)) for year in (2025, 2026, 2027)] == [0, 1, 1]


def test_looks_are_counted_by_who_and_why(client: FlaskClient) -> None:
    to_call(child=True)
    one, other = account(), account(name="陈静")
    look(one)
    look(one)
    look(other, "核对名单")
    assert counted(accesses_in(2026)) == [("周敏", "通知明天停课", 2), ("陈静", "核对名单", 1)]


@pytest.mark.parametrize(
    ("birth", "whole", "expected"),
    [(families.TEN, True, 1), (families.TEN, False, 0), ("19900615", True, 0)],
)
def test_a_result_with_a_childs_whole_number_is_a_look(
    client: FlaskClient, birth: str, whole: bool, expected: int
) -> None:
    who, list_id = account(), rosters.a_list()
    number = families.child_id(birth)
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1, 证件号码=number)]), who.id)
    codes = set(db.session.scalars(db.select(UnitListLine.code)))
    assert bool({"guardian_required", "too_young"} & codes) == (birth == families.TEN)
    with factories.acting(who), unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        audit.record("unit_list.result_taken", of, unit_id=of.unit_id, upload=upload_id, whole=whole)
    found = accesses_in(2026)
    assert len(found) == expected
    assert {one.reason for one in found} <= {child_access.TAKEN_REASON}


@pytest.mark.parametrize(("birth", "expected"), [(SEVENTEEN, 1), (ADULT, 0)])
def test_a_result_with_the_number_of_a_minor_who_is_enrolled_is_a_look(
    client: FlaskClient, birth: str, expected: int
) -> None:
    who, list_id = account(), rosters.a_list()
    people = [rosters.person(1, 证件号码=families.child_id(birth)), rosters.person(2)]
    upload = rosters.enrolled(list_id, rosters.sheet(people))
    with factories.acting(who), unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        audit.record("unit_list.result_taken", of, unit_id=of.unit_id, upload=upload.id, whole=True)
    assert len(accesses_in(2026)) == expected


def test_a_second_person_marks_it_and_a_later_look_shows(client: FlaskClient) -> None:
    to_call(child=True)
    who, second = account(), account("auditor", "陈静")
    look(who)
    with pytest.raises(OwnAccesses):
        review(who, seen=1)
    with pytest.raises(AccessesChanged):
        review(second, seen=0)
    assert reviews_of(2026) == []
    review(second, seen=1, note=" 都说得通 ")
    (done,) = reviews_of(2026)
    assert (done.name, done.accesses, done.note, done.at) == ("陈静", 1, "都说得通", clock.now())
    assert reviews_of(2025) == []
    look(who)
    page = client.get(PAGE, headers=_headers(second)).text
    assert "核对以后又有 1 次" in page and "核对过了" in page


def _headers(of: Account) -> dict[str, str]:
    with factories.made():
        return factories.headers_of(of)


def test_the_page_shows_a_year_and_is_marked_on_it(client: FlaskClient) -> None:
    to_call(child=True)
    who, second = account(), account("auditor", "陈静")
    look(who)
    assert "请由另一位来核对" in client.get(PAGE, headers=_headers(who)).text
    page = client.get(PAGE, headers=_headers(second)).text
    assert "通知明天停课" in page and "13900001111" not in page and "张三" not in page
    sent = dict(re.findall(r'name="(year|seen)" value="(\d+)"', page))
    assert client.post(PAGE, data={**sent, "note": "没有疑问"}, headers=_headers(second)).status_code == 303
    page = client.get(PAGE, headers=_headers(second)).text
    assert "已核对" in page and "没有疑问" in page and "核对过了" not in page
    refused = client.post(PAGE, data=sent, headers=_headers(who))
    assert refused.status_code == 409 and "请由另一位没有看过的同事来核对" in refused.text


def test_in_january_the_year_before_is_shown_first(client: FlaskClient, frozen: FrozenClock) -> None:
    auditor = account("auditor")
    frozen.now = at("2027-01-15 09:00")
    assert "2026年查看完整号码" in client.get(PAGE, headers=_headers(auditor)).text
    frozen.now = at("2027-02-01 09:00")
    assert "2027年查看完整号码" in client.get(PAGE, headers=_headers(auditor)).text


def test_the_file_holds_every_look_and_no_child(client: FlaskClient) -> None:
    to_call(child=True)
    who = account()
    look(who)
    reply = client.get(f"{PAGE}accesses.xlsx?year=2026", headers=_headers(who))
    assert 'filename="child-accesses-2026.xlsx"' in reply.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(reply.data)) as archive:
        words = archive.read("xl/sharedStrings.xml").decode()
    assert "通知明天停课" in words and "周敏" in words and "13900001111" not in words and "张三" not in words


@pytest.mark.parametrize(
    ("role", "unit", "grant", "reads", "writes"),
    [
        ("operator", None, {}, 200, 303), ("auditor", None, {}, 200, 303), ("unit_manager", None, {}, 403, 403),
        ("operator", "nanzha", {}, 403, 403), ("auditor", None, {"read_only": True}, 200, 403),
    ],
)  # fmt: skip
def test_the_city_alone_sees_it_and_a_reader_does_not_mark_it(
    client: FlaskClient, role: str, unit: str | None, grant: dict[str, Any], reads: int, writes: int
) -> None:
    with factories.made():
        headers = factories.bearer(role, unit, **grant)
    assert client.get(PAGE, headers=headers).status_code == reads
    assert client.get(f"{PAGE}accesses.xlsx", headers=headers).status_code == reads
    assert client.post(PAGE, data={"year": "2026", "seen": "0"}, headers=headers).status_code == writes
