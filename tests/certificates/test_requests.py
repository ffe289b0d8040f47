"""Changing a certificate after issue: one proposes, another decides, the database judges (rel 3.7, feat-N7, D8, D9)."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import desk_errors, errors, promise, requests
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.queries import certificate_by_token, newest_of
from chengjiu_mp.certificates.request_models import CertificateRequest, Reprint
from chengjiu_mp.certificates.request_queries import newer_path, number_for, under_way
from chengjiu_mp.certificates.requests import Sight, Wish
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account, RoleGrant
from tests import factories, issued
from tests.conftest import FrozenClock

SEEN = Sight(DocType.RESIDENT_ID, "陈老师", date(2026, 11, 23))
NAME = Wish("name", "与证件核对，录错一字", "张珊", SEEN)
REVOKE = Wish("revoke", "成绩登记有误")


@pytest.fixture
def one(app: Flask) -> Certificate:
    made = issued.issue("张三")[0]
    issued.phone_of(made)
    return made


@pytest.fixture
def staff(one: Certificate) -> dict[str, Account]:
    with factories.made():
        found = {role: factories.account(role, name=role) for role in ("operator", "approver")}
        found["both"] = factories.account("operator", name="both")
        db.session.add(RoleGrant(account_id=found["both"].id, role="approver"))
    return found


def propose(by: Account, one: Certificate, wish: Wish = NAME) -> int:
    with factories.acting(by), unit_of_work():
        return requests.propose(db.session.get_one(Certificate, one.id), wish).id


def decide(by: Account, request_id: int, refused: str = "") -> CertificateRequest:
    with factories.acting(by), unit_of_work():
        row = db.session.get_one(CertificateRequest, request_id)
        return requests.refuse(row, refused) if refused else requests.approve(row)


def told() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.kind).order_by(Message.id)))


def test_a_name_is_corrected_by_two(one: Certificate, staff: dict[str, Account]) -> None:
    old = issued.token(one)
    decide(staff["approver"], propose(staff["operator"], one))
    new, past = newest_of(one.id), certificate_by_token(old)
    assert (new.certificate.number, new.version.version, new.version.name) == (one.number, 2, "张珊")
    assert past is not None
    assert past.state == "corrected"
    assert newer_path(past) == f"/v/{issued.token(one)}"
    assert newer_path(new) == ""
    assert told()[-1] == "certificate.corrected"
    said = dict(db.session.execute(select(AuditEntry.action, AuditEntry.actor_id)).all())
    assert said["certificate.change_proposed"] == staff["operator"].id
    assert said["certificate.change_approved"] == staff["approver"].id


def test_nothing_changes_before_the_second_person(one: Certificate, staff: dict[str, Account]) -> None:
    propose(staff["operator"], one)
    propose(staff["operator"], one, REVOKE)
    seen = newest_of(one.id)
    assert (seen.state, seen.version.version, seen.name) == ("valid", 1, "张三")


@pytest.mark.parametrize("wish", [NAME, REVOKE, Wish("leaked", "照片被转发")], ids=lambda wish: wish.kind)
def test_who_proposed_does_not_decide(one: Certificate, staff: dict[str, Account], wish: Wish) -> None:
    mine = propose(staff["both"], one, wish)
    for refused in ("", "不对"):
        with pytest.raises(desk_errors.OwnProposal):
            decide(staff["both"], mine, refused)
    db.session.rollback()
    assert newest_of(one.id).state == "valid"
    decide(staff["approver"], mine)


@pytest.mark.parametrize("state", ["approved", "refused"])
def test_the_database_refuses_one_person_for_two(one: Certificate, staff: dict[str, Account], state: str) -> None:
    mine = propose(staff["both"], one)
    by_hand = update(CertificateRequest).where(CertificateRequest.id == mine)
    with pytest.raises(IntegrityError), unit_of_work():
        values = {"state": state, "decided_by": staff["both"].id, "decided_at": func.now()}
        db.session.execute(by_hand.values(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"state": "approved", "decided_at": func.now()}, {"seen_by": ""}, {"seen_document": None}, {"seen_on": None},
        {"new_name": None}, {"state": "refused"},
    ],
    ids=["nobody decided", "seen by nobody", "no document", "no day", "no name", "no time"],
)  # fmt: skip
def test_the_database_refuses_what_nobody_answers_for(
    one: Certificate, staff: dict[str, Account], values: dict[str, Any]
) -> None:
    mine = propose(staff["operator"], one)
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.execute(update(CertificateRequest).where(CertificateRequest.id == mine).values(**values))


def test_a_revocation_takes_two_and_has_the_proposals_reason(one: Certificate, staff: dict[str, Account]) -> None:
    decide(staff["approver"], propose(staff["operator"], one, REVOKE))
    seen = newest_of(one.id)
    assert (seen.state, seen.certificate.revoke_reason) == ("revoked", "成绩登记有误")
    with pytest.raises(errors.NotStanding):
        propose(staff["operator"], one)


def test_a_correction_that_meets_a_revocation_is_not_made(one: Certificate, staff: dict[str, Account]) -> None:
    name = propose(staff["operator"], one)
    decide(staff["approver"], propose(staff["operator"], one, REVOKE))
    for refused in ("", "不对"):
        with pytest.raises(desk_errors.DecidedAlready):
            decide(staff["approver"], name, refused)
    db.session.rollback()
    assert newest_of(one.id).name == "张三"


def test_a_leaked_code_is_changed_without_a_pointer(one: Certificate, staff: dict[str, Account]) -> None:
    old = issued.token(one)
    decide(staff["approver"], propose(staff["operator"], one, Wish("leaked", "照片被转发")))
    past = certificate_by_token(old)
    assert past is not None
    assert (past.state, newer_path(past), newest_of(one.id).name) == ("corrected", "", "张三")
    assert told()[-1] == "certificate.code_changed"
    # A correction after the leak does not lead there from the leaked code either.
    fresh = issued.token(one)
    decide(staff["approver"], propose(staff["operator"], one))
    past, later = certificate_by_token(old), certificate_by_token(fresh)
    assert past is not None
    assert later is not None
    assert (newer_path(past), newer_path(later)) == ("", f"/v/{issued.token(one)}")


def ask(one: Certificate, name: str = "张珊") -> int:
    with context.acting_as(context.PUBLIC), unit_of_work():
        return requests.ask_name(db.session.get_one(Certificate, one.id), name, "陈老师看过").id


def test_the_holder_asks_staff_look_and_another_decides(one: Certificate, staff: dict[str, Account]) -> None:
    asked = ask(one)
    with pytest.raises(desk_errors.DecidedAlready):
        decide(staff["approver"], asked)
    db.session.rollback()
    assert propose(staff["operator"], one) == asked
    decide(staff["approver"], asked)
    row = db.session.get_one(CertificateRequest, asked)
    assert (row.channel, row.old_name, row.new_name, row.seen_by, row.made_version) == (
        "holder", "张三", "张珊", "陈老师", 2,
    )  # fmt: skip


def test_a_refusal_is_told_and_its_reason_read(one: Certificate, staff: dict[str, Account]) -> None:
    with pytest.raises(errors.ReasonMissing):
        decide(staff["operator"], ask(one), " ")
    db.session.rollback()
    asked = db.session.scalars(select(CertificateRequest.id)).one()
    assert decide(staff["operator"], asked, "没有带证件").decision == "没有带证件"
    assert told()[-1] == "certificate.change_refused"
    body = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert body is not None
    assert ask(one) != asked


def test_one_of_a_kind_at_a_time(one: Certificate, staff: dict[str, Account]) -> None:
    ask(one)
    with pytest.raises(desk_errors.RequestOpen):
        ask(one, "张姗")
    db.session.rollback()
    propose(staff["operator"], one)
    with pytest.raises(desk_errors.RequestOpen):
        propose(staff["both"], one)


def test_a_decision_is_taken_once(one: Certificate, staff: dict[str, Account]) -> None:
    mine = propose(staff["operator"], one)
    decide(staff["approver"], mine)
    with pytest.raises(desk_errors.DecidedAlready):
        decide(staff["both"], mine)
    db.session.rollback()
    assert newest_of(one.id).version.version == 2


@pytest.mark.parametrize(
    ("sight", "field"),
    [
        (Sight(None, "陈老师", date(2026, 11, 23)), "seen_document"),
        (Sight(DocType.PASSPORT, " ", date(2026, 11, 23)), "seen_by"),
        (Sight(DocType.PASSPORT, "陈老师", None), "seen_on"),
        (Sight(DocType.PASSPORT, "陈老师", date(2026, 11, 24)), "seen_on"),
        (Sight(DocType.PASSPORT, "陈老师", date(2025, 11, 1)), "seen_on"),
    ],
)
def test_the_sight_of_the_document_is_whole(
    one: Certificate, staff: dict[str, Account], sight: Sight, field: str
) -> None:
    with pytest.raises(desk_errors.SightIncomplete) as refused:
        propose(staff["operator"], one, Wish("name", "录错", "张珊", sight))
    assert refused.value.field == field


@pytest.mark.parametrize("name", [" 张三 "])
def test_the_same_name_is_not_asked_for(one: Certificate, name: str) -> None:
    with pytest.raises(errors.SameName):
        ask(one, name)


@pytest.mark.parametrize(
    ("kind", "why"), [("revoke", "证书已吊销"), ("void", "证书已作废"), ("void_again", "证书已作废，另发新证")]
)
def test_what_else_is_under_way_ends_with_the_certificate(
    one: Certificate, staff: dict[str, Account], kind: str, why: str
) -> None:
    ask(one)
    mine = propose(staff["both"], one)
    propose(staff["operator"], one, Wish("leaked", "照片被转发"))
    # Who ends it may be who proposed it: the row names no decider, the trail does.
    decide(staff["both"], propose(staff["operator"], one, Wish(kind, "成绩登记有误")))
    db.session.rollback()
    row = db.session.get_one(CertificateRequest, mine)
    assert (row.state, row.decision, row.decided_by) == ("refused", why, None)
    assert {r.state for r in db.session.scalars(select(CertificateRequest).where(CertificateRequest.kind != kind))} == {
        "refused"
    }
    trail = select(AuditEntry.actor_id, AuditEntry.facts).where(
        AuditEntry.action == "certificate.change_refused", AuditEntry.object_id == mine
    )
    ((actor, facts),) = db.session.execute(trail)
    assert (actor, facts["reason"]) == (staff["both"].id, why)
    # The holder asked for the name alone, and hears of it once.
    assert told().count("certificate.change_refused") == 1
    with factories.acting(staff["approver"]):
        assert under_way(context.principal()) == []
    with pytest.raises(desk_errors.DecidedAlready):
        decide(staff["approver"], mine)
    db.session.rollback()
    with pytest.raises(errors.NotStanding):
        ask(one)


def test_what_staff_began_ends_without_a_word_to_the_holder(one: Certificate, staff: dict[str, Account]) -> None:
    propose(staff["operator"], one)
    decide(staff["approver"], propose(staff["operator"], one, REVOKE))
    assert "certificate.change_refused" not in told()


def test_a_name_approved_first_stands_on_the_revoked_certificate(one: Certificate, staff: dict[str, Account]) -> None:
    mine, end = propose(staff["operator"], one), propose(staff["operator"], one, REVOKE)
    decide(staff["approver"], mine)
    decide(staff["approver"], end)
    db.session.rollback()
    seen = newest_of(one.id)
    assert (seen.state, seen.name) == ("revoked", "张珊")
    assert db.session.get_one(CertificateRequest, mine).state == "approved"


@pytest.mark.parametrize("turn", range(6))
def test_a_name_and_the_revocation_at_once(app: Flask, one: Certificate, staff: dict[str, Account], turn: int) -> None:
    todo = [propose(staff["operator"], one), propose(staff["operator"], one, REVOKE)]
    head, clerk = (
        context.Principal(account_id=staff[role].id, grants=sessions.grants_of(staff[role].id))
        for role in ("approver", "operator")
    )
    gate, of = threading.Barrier(3), one.id
    got: list[object] = []
    db.session.rollback()

    def approve(request_id: int) -> None:
        requests.approve(db.session.get_one(CertificateRequest, request_id))

    def leak() -> None:
        requests.propose(db.session.get_one(Certificate, of), Wish("leaked", "照片被转发"))

    def press(by: context.Principal, do: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait()
            try:
                with context.acting_as(by), unit_of_work():
                    do()
            except (desk_errors.DecidedAlready, errors.NotStanding, desk_errors.RequestOpen) as refusal:
                got.append(type(refusal))
            except Exception as exc:  # noqa: BLE001
                got.append(exc)
            finally:
                db.session.remove()

    deeds = [(head, partial(approve, each)) for each in todo[:: 1 if turn % 2 else -1]]
    threads = [threading.Thread(target=press, args=deed) for deed in [*deeds, (clerk, leak)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(got) <= {desk_errors.DecidedAlready, errors.NotStanding}
    db.session.rollback()
    assert newest_of(of).state == "revoked"
    assert db.session.scalar(select(func.count()).where(CertificateRequest.state.in_(("asked", "proposed")))) == 0


def waited_for() -> set[str]:
    """Return who is waited for, without those who issued the certificate."""
    return set(under_way(context.principal())[0].waits_for) - {"周敏"}


def test_the_queue_names_who_is_waited_for(one: Certificate, staff: dict[str, Account], frozen: FrozenClock) -> None:
    with factories.made():
        factories.account("approver", "nanzha", name="elsewhere")
        factories.account("approver", name="reader", read_only=True)
    ask(one)
    with factories.acting(staff["both"]):
        assert waited_for() == {"operator", "both"}
        propose(staff["both"], one)
        assert waited_for() == {"approver"}
        assert number_for(context.principal()) == 0
    with factories.acting(staff["approver"]):
        assert number_for(context.principal()) == 1
        frozen.now += timedelta(days=3)
        assert not under_way(context.principal())[0].late
        frozen.now += timedelta(days=1)
        assert under_way(context.principal())[0].late
    with factories.made():
        other = factories.account("approver", "nanzha")
    with factories.acting(other):
        assert under_way(context.principal()) == []


def test_the_promise_counts_working_days() -> None:
    assert promise.within() == "三个工作日内"
    assert promise.due_on(date(2026, 11, 23)) == date(2026, 11, 26)
    assert promise.due_on(date(2026, 11, 27)) == date(2026, 12, 2)
    # The first days of October 2026 are holidays.
    assert promise.due_on(date(2026, 9, 30)) > date(2026, 10, 8)


def test_a_reprint_is_the_same_version_counted(one: Certificate, staff: dict[str, Account]) -> None:
    before = issued.token(one)
    for cause in ("lost", "damaged"):
        with factories.acting(staff["operator"]), unit_of_work():
            requests.reprint(db.session.get_one(Certificate, one.id), cause, "搬家")
    assert issued.token(one) == before
    rows = db.session.execute(select(Reprint.cause, Reprint.version, Reprint.made_by)).all()
    assert [tuple(row) for row in rows] == [("lost", 1, staff["operator"].id), ("damaged", 1, staff["operator"].id)]


def heads(*who: Account) -> list[dict[str, str]]:
    with factories.made():
        return [factories.headers_of(one) for one in who]


def test_the_api_needs_two(client: Any, one: Certificate, staff: dict[str, Account]) -> None:
    operator, approver, both = heads(staff["operator"], staff["approver"], staff["both"])
    of = f"/api/v1/certificates/{one.id}"
    alone = client.post(f"{of}/revoke", json={"reason": "成绩有误"}, headers=approver)
    assert (alone.status_code, alone.json["code"]) == (409, "proposal_missing")
    body = {
        "kind": "name", "name": "张珊", "reason": "录错", "seen_document": "resident_id", "seen_by": "陈老师",
        "seen_on": "2026-11-23",
    }  # fmt: skip
    assert client.post(f"{of}/requests", json=body, headers=approver).status_code == 403
    made = client.post(f"{of}/requests", json=body, headers=both)
    assert (made.status_code, made.json["state"], made.json["due_on"]) == (201, "proposed", "2026-11-26")
    own = client.post(f"{of}/correct", json={"name": "张珊", "reason": "录错"}, headers=both)
    assert (own.status_code, own.json["code"]) == (403, "own_proposal")
    other = client.post(f"{of}/correct", json={"name": "张姗", "reason": "录错"}, headers=approver)
    assert (other.status_code, other.json["code"]) == (409, "proposal_differs")
    done = client.post(f"{of}/correct", json={"name": "张珊", "reason": "录错"}, headers=approver)
    assert (done.status_code, done.json["name"], done.json["version"]) == (200, "张珊", 2)
    asked = client.post(f"{of}/requests", json={"kind": "revoke", "reason": "替考"}, headers=operator).json
    decision = f"/api/v1/certificates/requests/{asked['id']}"
    assert client.post(f"{decision}/refuse", json={"reason": "不对"}, headers=operator).status_code == 404
    assert client.post(f"{decision}/approve", headers=approver).json["state"] == "approved"
    assert client.get(of, headers=approver).json["state"] == "revoked"


def test_out_of_scope_looks_missing(client: Any, one: Certificate, staff: dict[str, Account]) -> None:
    mine = propose(staff["operator"], one)
    with factories.made():
        away = [factories.bearer(role, "nanzha") for role in ("operator", "approver")]
    of = f"/api/v1/certificates/{one.id}/requests"
    assert client.post(of, json={"kind": "revoke", "reason": "替考"}, headers=away[0]).status_code == 404
    assert client.post(f"/api/v1/certificates/requests/{mine}/approve", headers=away[1]).status_code == 404


def test_the_public_api_points_from_the_old_code_to_the_new(
    client: Any, one: Certificate, staff: dict[str, Account]
) -> None:
    old = issued.token(one)
    assert client.get(f"/api/v1/verify/{old}").json["newer_path"] is None
    decide(staff["approver"], propose(staff["operator"], one))
    said = client.get(f"/api/v1/verify/{old}").json
    assert (said["state"], said["newer_path"]) == ("corrected", f"/v/{issued.token(one)}")
