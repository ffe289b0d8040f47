"""The call list: in order of what becomes too late, one colleague at a time, numbers shown only for a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.outbox import calls, channels, queries, tasks
from chengjiu_mp.outbox.errors import AlreadyReached, CallTakenBack, RevealReasonMissing
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.outbox.parcels import Outcome
from chengjiu_mp.outbox.service import tell
from tests import factories

PHONE = "13900001111"


class Deaf(channels.ConsoleChannel):
    def send(self, parcel):
        return Outcome(delivered=False, reason="refused")


@pytest.fixture
def deaf(app, monkeypatch):
    monkeypatch.setattr(channels, "_channels", {"console": Deaf()})


def unreached(key="k", days: float | None = 2, unit="chengjiang", phone=PHONE) -> int:
    """Write a message that no channel brings; return the id of its line on the call list."""
    with factories.made():
        about = factories.unit(unit)
        expires = clock.now() + timedelta(days=days) if days is not None else None
        message = tell(
            "signup.run_cancelled", dedupe_key=key, body="b", phone=phone, about=about, unit_id=about.id,
            expires_at=expires,
        ).id  # fmt: skip
    for job_id in db.session.scalars(select(Job.id).where(Job.state == "queued")).all():
        tasks.deliver(job_id)
    db.session.expire_all()
    line = select(Delivery.id).where(Delivery.message_id == message, Delivery.channel == "call")
    return db.session.scalars(line).one()


@pytest.fixture
def caller(app):
    with factories.made():
        who = factories.account("operator")
    return Principal(who.id, name="周敏", grants=(Grant("operator"),))


def test_the_most_urgent_comes_first(deaf, caller):
    late, soon, ever = unreached("a", 3), unreached("b", 1), unreached("c", None)
    assert [one.delivery_id for one in calls.to_call(caller)] == [soon, late, ever]


def test_what_is_too_late_is_no_longer_called(deaf, caller, frozen):
    line = unreached(days=1)
    frozen.now += timedelta(days=1)
    assert (calls.to_call(caller), calls.number_to_call(caller)) == ([], 0)
    with unit_of_work(), pytest.raises(AlreadyReached):
        calls.record_call(line, caller, reached=True)


def test_who_was_reached_leaves_the_list_and_counts_as_told(deaf, caller, frozen):
    line = unreached()
    with unit_of_work():
        calls.record_call(line, caller, reached=True)
    assert calls.to_call(caller) == []
    [done] = calls.lately_reached(caller)
    assert (done.attempts[0].account_id, done.attempts[0].reached) == (caller.account_id, True)
    assert queries.delivered_at(done.message_id) == frozen.now


def test_who_was_not_reached_stays(deaf, caller):
    line = unreached()
    for _ in range(2):
        with unit_of_work():
            calls.record_call(line, caller, reached=False)
    assert [one.reached for one in calls.to_call(caller)[0].attempts] == [False, False]


def test_two_colleagues_do_not_both_record(deaf, caller):
    line = unreached()
    with unit_of_work():
        calls.record_call(line, caller, reached=True)
    for reached in (True, False):
        with unit_of_work(), pytest.raises(AlreadyReached):
            calls.record_call(line, caller, reached=reached)


def test_a_call_is_taken_back_once(deaf, caller):
    line = unreached()
    with unit_of_work():
        made = calls.record_call(line, caller, reached=True).id
    with unit_of_work():
        calls.take_back(made, caller)
    [again] = calls.to_call(caller)
    assert (again.delivery_id, again.attempts, queries.delivered_at(again.message_id)) == (line, (), None)
    with unit_of_work(), pytest.raises(CallTakenBack):
        calls.take_back(made, caller)


def test_only_the_newest_word_of_a_place_is_called(app, caller, frozen):
    with factories.made():
        run = factories.run()
        here, there = factories.signup(run, phone=PHONE), factories.signup(run, phone=PHONE)
        told = [
            tell(kind, dedupe_key=f"{kind}{about.id}", body="b", phone="+85291234567", about=about, unit_id=run.unit_id).id
            for kind, about in (
                ("signup.confirmed", here), ("signup.confirmed", there), ("guardian.agreed", here),
                ("signup.run_cancelled", here),
            )
        ]  # fmt: skip
        elsewhere = tell(
            "signup.phone_left", dedupe_key="x", body="b", phone="+85291234568", about=here, unit_id=run.unit_id
        ).id
    left = [told[1], told[2], told[3], elsewhere]
    found = calls.to_call(caller)
    assert ([one.message_id for one in found], calls.number_to_call(caller)) == (left, 4)
    with unit_of_work():
        assert [one.message_id for one in calls.reveal(caller, "通知停课")] == left
        made = calls.record_call(found[2].delivery_id, caller, reached=True).id
    assert [one.message_id for one in calls.to_call(caller)] == [told[1], told[2], elsewhere]
    with unit_of_work():
        calls.take_back(made, caller)
    assert [one.message_id for one in calls.to_call(caller)] == left
    old = db.session.scalars(select(Delivery).where(Delivery.message_id == told[0])).one()
    assert (old.state, old.reason) == ("expired", "overtaken")


def test_a_reminder_that_is_too_late_hides_no_word_that_still_holds(app, caller, frozen):
    with factories.made():
        run = factories.run()
        here = factories.signup(run, phone=PHONE)
        moved, reminder = (
            tell(
                kind, dedupe_key=kind, body="b", phone="+85291234567", about=here, unit_id=run.unit_id,
                expires_at=clock.now() + timedelta(hours=hours),
            ).id
            for kind, hours in (("signup.rescheduled", 27), ("signup.reminder", 24))
        )  # fmt: skip
    assert [one.message_id for one in calls.to_call(caller)] == [reminder]
    frozen.now += timedelta(hours=25)
    assert ([one.message_id for one in calls.to_call(caller)], calls.number_to_call(caller)) == ([moved], 1)


def test_a_unit_calls_its_own_people(deaf, caller):
    here, there = unreached("a", unit="chengjiang"), unreached("b", unit="huashi")
    unit = factories.unit("chengjiang").id
    mine = Principal(caller.account_id, grants=(Grant("unit_manager", unit_ids=frozenset({unit})),))
    assert [one.delivery_id for one in calls.to_call(mine)] == [here]
    with unit_of_work(), pytest.raises(NotFound):
        calls.record_call(there, mine, reached=True)


@pytest.mark.parametrize(
    "grant",
    [
        Grant("auditor"), Grant("operator", read_only=True), Grant("unit_manager", unit_ids=frozenset()),
        Grant("operator", sector_id=1), Grant("operator", key_group="school"),
    ],
)  # fmt: skip
def test_who_may_only_look_or_less_neither_records_nor_reveals(deaf, caller, grant):
    line = unreached()
    reader = Principal(caller.account_id, grants=(grant,))
    with unit_of_work(), pytest.raises(NotFound):
        calls.record_call(line, reader, reached=True)
    with unit_of_work():
        assert calls.reveal(reader, "通知停课") == []


def test_a_grant_over_a_sector_sees_no_unit_s_messages(deaf):
    unreached()
    for grant in (Grant("operator", sector_id=1), Grant("auditor", key_group="school")):
        assert queries.staff_page(Principal(1, grants=(grant,))).items == []


def test_each_number_shown_is_an_audit_row_with_its_reason(deaf, caller):
    for key, phone in (("a", PHONE), ("b", PHONE), ("c", None)):
        unreached(key, phone=phone)
    with unit_of_work():
        found = calls.reveal(caller, " 通知明天停课 ")
    assert [one.phone for one in found] == [PHONE, PHONE, None]
    rows = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "message.revealed")).all()
    assert [row.facts for row in rows] == [{"reason": "通知明天停课"}] * 2
    assert PHONE not in repr([row.facts for row in rows])


@pytest.mark.parametrize("reason", ["", " ", "a", " a "])
def test_without_a_reason_no_number_is_shown(deaf, caller, reason):
    unreached()
    with unit_of_work(), pytest.raises(RevealReasonMissing):
        calls.reveal(caller, reason)


def test_the_api_lists_records_and_takes_back(deaf, client):
    with factories.made():
        headers = factories.bearer("operator")
    line = unreached()
    listed = client.get("/api/v1/calls", headers=headers).json
    assert (listed["total"], listed["items"][0]["phone_masked"]) == (1, "139****1111")
    made = client.post(f"/api/v1/calls/{line}/attempts", json={"reached": True}, headers=headers)
    assert (made.status_code, made.json["reached"]) == (201, True)
    assert client.get("/api/v1/calls", headers=headers).json["total"] == 0
    gone = client.delete(f"/api/v1/calls/attempts/{made.json['id']}", headers=headers)
    assert gone.status_code == 204
    assert client.get("/api/v1/calls", headers=headers).json["total"] == 1
