"""The way of the paper: who chooses and until when, the steps, and an address that lives no longer than it serves."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import delivery, printing, printing_ledger, states, voids
from chengjiu_mp.certificates.delivery_models import Delivery
from chengjiu_mp.certificates.errors import NotStanding, ReasonMissing
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_errors import (
    AddressMissing,
    FileNotReady,
    NothingToUndo,
    NotThatStep,
    PaperStale,
    PaperUnderWay,
    TrackingMissing,
)
from chengjiu_mp.certificates.tasks import forget_paper
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.names import NameRefused
from chengjiu_mp.people.phones import PhoneRefused
from tests import issued, owndata, printings
from tests.certificates.test_printing import clerk
from tests.printings import HOME, ROLES


def row(one: Certificate) -> Delivery:
    found = db.session.scalars(select(Delivery).where(Delivery.certificate_id == one.id)).one()
    db.session.refresh(found)
    return found


def step(one: Certificate, to: str, by, **more) -> None:
    with unit_of_work():
        delivery.advance(one.id, to, by, **more)


def test_an_address_is_sealed_and_only_for_the_post(app: Flask) -> None:
    one = issued.issue()[0]
    printings.choose(one, "mail")
    kept = row(one)
    assert delivery.address_of(kept) == HOME and kept.chosen_by is None
    assert "虹桥路".encode() not in (kept.address_sealed or b"")
    printings.choose(one, "pickup")
    assert row(one).address_sealed is None
    with pytest.raises(AddressMissing), unit_of_work():
        delivery.choose(db.session.get_one(Certificate, one.id), "mail", None, None)


def test_a_way_is_chosen_until_the_paper_is_printed(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by = clerk()
    printings.choose(one, "pickup")
    printings.printed(Of(one.run_id), by, "paper")
    assert row(one).state == "printed"
    with pytest.raises(PaperUnderWay):
        printings.choose(one, "mail")
    revoked = issued.issue("李四")[0]
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, revoked.id), "替考")
    with pytest.raises(NotStanding):
        printings.choose(revoked, "pickup")


def test_the_post_takes_it_to_the_door_and_the_address_goes(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by, number = clerk(), issued.phone_of(one)
    printings.choose(one, "mail")
    with pytest.raises(NotThatStep):
        step(one, "sent", by, tracking="SF1234567890")
    printings.printed(Of(one.run_id), by)
    for wrong in ("", "12", "单号 123456"):
        with pytest.raises(TrackingMissing):
            step(one, "sent", by, tracking=wrong)
    step(one, "sent", by, tracking=" SF1234567890 ")
    assert (row(one).tracking, delivery.address_of(row(one))) == ("SF1234567890", HOME)
    told = queries.messages_to(privacy.phone_index(number))[0].body
    assert "SF1234567890" in told and "虹桥路" not in told and "张三" not in told
    step(one, "delivered", by)
    assert (row(one).state, row(one).address_sealed) == ("delivered", None)


def test_an_address_goes_thirty_days_after_sending_and_with_a_revocation(app: Flask, frozen) -> None:
    one, other = printings.drawn("张三", "李四")
    by = clerk()
    for each in (one, other):
        printings.choose(each, "mail")
    printings.printed(Of(one.run_id), by)
    step(one, "sent", by, tracking="SF1234567890")
    frozen.now += timedelta(days=29, hours=23)
    db.session.rollback()
    forget_paper()
    assert row(one).address_sealed is not None
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, other.id), "替考")
    frozen.now += timedelta(hours=1)
    forget_paper()
    assert (row(one).address_sealed, row(other).address_sealed) == (None, None)
    assert row(one).tracking == "SF1234567890"


def test_who_asks_sees_the_address_and_who_is_erased_takes_it_along(app: Flask) -> None:
    client, one = app.test_client(), issued.issue("张三")[0]
    printings.choose(one, "mail")
    headers, certificate_id = owndata.signed_in(issued.phone_of(one)), one.id
    (paper,) = owndata.own(client, headers, owndata.passed(client, headers))[0]["papers"]
    assert (paper["way"], paper["address"], paper["phone"]) == ("邮寄", HOME.address, "139****0001")
    body = {"confirm": True, "forget_certificates": False, "pass": owndata.passed(client, headers)}
    assert client.post("/api/v1/me/erasure", json=body, headers=headers).status_code == 200
    db.session.rollback()
    kept = db.session.scalars(select(Delivery).where(Delivery.certificate_id == certificate_id)).one()
    assert kept.address_sealed is None


def test_a_step_is_taken_back_with_a_reason_and_stays_in_the_record(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by = clerk()
    printings.choose(one, "pickup")
    with pytest.raises(NothingToUndo), unit_of_work():
        delivery.undo(one.id, "没有这回事", by)
    printings.printed(Of(one.run_id), by)
    step(one, "collected", by)
    with pytest.raises(NotThatStep):
        step(one, "collected", by)
    with pytest.raises(ReasonMissing), unit_of_work():
        delivery.undo(one.id, "错", by)
    with unit_of_work():
        delivery.undo(one.id, "勾错了人", by)
    assert row(one).state == "printed"
    past = delivery.steps_of(row(one).id)
    assert [(s.was, s.became, s.reason) for s in past] == [
        ("printed", "collected", "勾错了人"),
        ("chosen", "printed", ""),
    ]
    assert past[0].undone_by == by.account_id
    with unit_of_work():
        delivery.undo(one.id, "卡纸印坏", by)
    assert row(one).state == "chosen"


def test_what_was_handed_out_and_corrected_is_printed_and_handed_out_again(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by, run = clerk(), Of(one.run_id)
    printings.choose(one, "pickup")
    printings.printed(run, by)
    step(one, "collected", by)
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), "张珊", "录错")
    assert printing_ledger.lines(run, by, ROLES)[0].stale
    with unit_of_work():
        delivery.undo(one.id, "收回旧证", by)
    with pytest.raises(PaperStale):
        step(one, "collected", by)
    issued.draw(one)
    printings.printed(run, by, "reprint")
    line = printing_ledger.lines(run, by, ROLES)[0]
    assert (line.stale, line.print and line.print.version, row(one).state) == (False, 2, "printed")


def test_a_run_is_set_to_be_fetched_but_nobodys_own_choice_is_touched(app: Flask) -> None:
    one, other, third = issued.issue("张三", "李四", "王五")
    by = clerk()
    printings.choose(one, "mail")
    printings.choose(third, "electronic")
    with unit_of_work():
        of = [db.session.get_one(Certificate, each.id) for each in (one, other, third)]
        assert delivery.choose_for_all(of, "pickup", by) == 1
    assert [row(each).way for each in (one, other, third)] == ["mail", "pickup", "electronic"]


def test_the_pickup_sheet_lists_who_fetches_with_four_digits(app: Flask) -> None:
    one, other = printings.drawn("张三", "李四")
    by = clerk()
    with pytest.raises(NotFound):
        printing_ledger.pickup_sheet(one.run_id, by, ROLES)
    printings.choose(one, "pickup")
    printings.choose(other, "mail")
    with unit_of_work():
        rows, _ = printing_ledger.pickup_sheet(one.run_id, by, ROLES)
    assert [(r.number, r.name, r.certificate, r.phone_end) for r in rows] == [
        (1, "张三", one.number, issued.phone_of(one, proved=False)[-4:])
    ]


def test_an_address_is_read_before_it_is_kept() -> None:
    with pytest.raises(NameRefused):
        delivery.read_address("", "13900000001", "江阴市澄江街道 1 号")
    with pytest.raises(PhoneRefused):
        delivery.read_address("张三", "1390000", "江阴市澄江街道 1 号")
    with pytest.raises(AddressMissing):
        delivery.read_address("张三", "13900000001", "江阴")
    assert delivery.read_address("张三", "139 0000 0001", " 江阴市  澄江街道 1 号 ") == delivery.Address(
        "张三", "13900000001", "江阴市 澄江街道 1 号"
    )


def test_nobody_is_called_to_fetch_what_was_revoked_meanwhile(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by = clerk()
    printings.choose(one, "pickup")
    printings.printed(Of(one.run_id), by)
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "替考")
    for to in ("waiting", "collected"):
        with pytest.raises(NotStanding):
            step(one, to, by)
    assert row(one).state == "printed"


def test_what_was_revoked_before_its_print_was_never_printed(app: Flask) -> None:
    one, other = printings.drawn("张三", "李四")
    by = clerk()
    for each in (one, other):
        printings.choose(each, "pickup")
    (file_id,) = printings.ask(Of(one.run_id), "cards", by)
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "替考")
    printings.make(file_id)
    with unit_of_work():
        assert printing.mark_printed(printing.file_of(file_id, by), by) == 1
    assert (row(one).state, row(other).state) == ("chosen", "printed")


def test_pictures_for_keeping_are_no_paper(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by = clerk()
    printings.choose(one, "pickup")
    (file_id,) = printings.ask(Of(one.run_id), "zip_jpg", by)
    printings.make(file_id)
    with pytest.raises(FileNotReady), unit_of_work():
        printing.mark_printed(printing.file_of(file_id, by), by)
    assert row(one).state == "chosen"


def test_the_certificate_instead_of_a_spoiled_one_goes_the_way_that_was_chosen(app: Flask) -> None:
    one = printings.drawn("张三")[0]
    by = clerk()
    printings.choose(one, "mail")
    printings.printed(Of(one.run_id), by)
    with unit_of_work():
        made = voids.void_certificate(db.session.get_one(Certificate, one.id), "印坏了", by, again=True)
        assert made is not None
    kept = row(made)
    assert (kept.way, kept.state, delivery.address_of(kept)) == ("mail", "chosen", HOME)
    assert delivery.delivery_of(one.id) is None
