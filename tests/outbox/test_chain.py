"""WeChat, then SMS, then the call list: each once, and an outage of hours loses nobody."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chengjiu_mp.core import clock, jobs, privacy
from chengjiu_mp.core.context import Grant, Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses.correcting import Correction, correct
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.outbox import channels, delivery, ledger, pauses, queries, tasks
from chengjiu_mp.outbox.models import Delivery, Message, WechatCredit
from chengjiu_mp.outbox.service import Letter, tell, tell_each
from chengjiu_mp.signin import sessions
from chengjiu_mp.wechat import bindings
from chengjiu_mp.wechat.models import WechatBinding
from tests import counting, factories, families, signups

PHONE, SEND = "13900001111", "/cgi-bin/message/subscribe/send"
BODY = "【澄救】报名成功：CPR+AED 公益培训，12月5日（周六）09:00–12:00，澄江街道应急救护培训基地。"


@pytest.fixture
def settings(settings, twins):
    return twins.connect(settings)


@pytest.fixture
def wang(app, twins):
    """A WeChat user who proved their phone and allowed one message."""
    with factories.made():
        account = factories.account("trainee")
        binding = bindings.bind("otwin-wang", account.id, privacy.phone_index(PHONE))
        ledger.accepted(binding.id, "twin-signup")
        found = binding.id
    twins.allow("wang")
    return found


def write(key="k", kind="signup.confirmed", **values) -> int:
    with factories.made():
        about = factories.unit()
        options = {"body": BODY, "phone": PHONE, "about": about, **values}
        return tell(kind, dedupe_key=key, **options).id


def work() -> None:
    """Do what a worker does with everything that is runnable now, once."""
    with unit_of_work():
        waiting = jobs.announceable()
    for job_id, _, _ in waiting:
        tasks.deliver(job_id)


def drain() -> None:
    for _ in range(4):
        work()


def lines(message_id: int | None = None) -> list[tuple[str, str, str | None]]:
    db.session.expire_all()
    query = select(Delivery.channel, Delivery.state, Delivery.reason).order_by(Delivery.id)
    if message_id is not None:
        query = query.where(Delivery.message_id == message_id)
    return [(row.channel, row.state, row.reason) for row in db.session.execute(query)]


def credits_left(binding_id: int) -> int:
    db.session.expire_all()
    return ledger.left(binding_id, "twin-signup")


def test_wechat_comes_first_where_a_message_is_allowed(wang, twins):
    write()
    drain()
    assert lines() == [("wechat", "delivered", None)]
    assert twins.wechat.sent[0]["data"]["time2"]["value"] == "2026年12月5日 09:00"
    assert len(twins.wechat.sent[0]["data"]["thing1"]["value"]) <= 20
    assert (twins.sms.sent, credits_left(wang)) == ([], 0)


def test_what_goes_to_another_number_never_comes_to_the_sign_ups_own_wechat(wang, twins):
    """A guardian's code, and the word to a number that was taken off, are for whoever answers there."""
    with factories.made():
        account_id = db.session.get_one(WechatBinding, wang).account_id
        device = sessions.open_session("device", account_id)[1].id
        run_ids = [factories.run("popular", starts_in=timedelta(days=days)).id for days in (3, 5)]
    with unit_of_work():
        child = signups.entry(doc_number=families.child_id())
        sign_up(run_ids[0], child, channel="page", device_id=device, guardian=families.mother())
        mine = sign_up(run_ids[1], signups.entry(), channel="page", device_id=device).signup
        correct(mine, Correction(phone=factories.phone()))
    whose = dict(db.session.execute(select(Message.kind, Message.account_id)).all())
    assert (whose["guardian.asked"], whose["signup.phone_left"]) == (None, None)
    assert whose["signup.confirmed"] == whose["signup.phone_taken"] == account_id


def test_a_used_up_credit_lets_the_next_message_go_by_sms(wang, twins):
    write("a")
    drain()
    write("b")
    drain()
    assert lines()[1:] == [("sms", "delivered", None)]
    assert len(twins.sms.sent) == 1


def test_a_refusal_of_the_user_empties_the_ledger_and_sends_by_sms(wang, twins):
    twins.wechat.credits.clear()
    write()
    drain()
    assert lines() == [("wechat", "undeliverable", "no_credit"), ("sms", "delivered", None)]
    assert credits_left(wang) == 0
    changes = db.session.execute(select(WechatCredit.change, WechatCredit.why).order_by(WechatCredit.id)).all()
    assert [tuple(row) for row in changes] == [(1, "accepted"), (-1, "refused")]


@pytest.mark.parametrize(
    ("errcode", "reason"), [(40003, "openid"), (40037, "template"), (41030, "page"), (47003, "field:thing1")]
)
def test_what_wechat_never_takes_goes_by_sms(wang, twins, errcode, reason):
    twins.wechat.plant(SEND, errcode, "argument invalid! data.thing1.value invalid" if errcode == 47003 else "")
    write()
    drain()
    assert lines() == [("wechat", "undeliverable", reason), ("sms", "delivered", None)]
    assert credits_left(wang) == 1


def test_staff_see_how_a_message_stands_by_its_last_channel(wang, twins):
    twins.wechat.credits.clear()
    write("a")
    twins.sms.by_phone["13900002222"] = "FailedOperation.PhoneNumberInBlacklist"
    write("b", phone="13900002222")
    write("c", phone="13900003333")
    operator = Principal(1, grants=(Grant("operator"),))

    def standing(state):
        db.session.expire_all()
        return [line.deliveries[-1].channel for line in queries.staff_page(operator, state=state).items]

    assert (standing("waiting"), standing("delivered")) == (["sms", "sms", "wechat"], [])
    drain()
    assert (standing("delivered"), standing("undeliverable"), standing("waiting")) == (["sms", "sms"], ["call"], [])


def test_a_field_that_does_not_fit_is_not_sent(wang, twins):
    write(body="没有日期")
    drain()
    assert lines()[0] == ("wechat", "undeliverable", "field")
    assert twins.wechat.calls[SEND] == 0


def test_both_refuse_and_somebody_calls(wang, twins):
    twins.wechat.credits.clear()
    twins.sms.by_phone[PHONE] = "FailedOperation.PhoneNumberInBlacklist"
    message_id = write()
    drain()
    assert [one[:2] for one in lines()] == [("wechat", "undeliverable"), ("sms", "undeliverable"), ("call", "waiting")]
    assert queries.delivered_at(message_id) is None


def test_an_account_is_reached_though_it_proved_no_phone(app, twins):
    with factories.made():
        account = factories.account("trainee").id
        ledger.accepted(bindings.bind("otwin-li", account).id, "twin-signup")
    twins.allow("li")
    write(phone=None, account_id=account)
    drain()
    assert lines() == [("wechat", "delivered", None)]


def test_a_stranger_s_wechat_gets_nothing(wang):
    write(phone="13900002222")
    drain()
    assert [one[0] for one in lines()] == ["sms"]


def test_codes_go_by_sms_and_are_never_called(wang, twins):
    twins.sms.by_phone[PHONE] = "InvalidParameterValue.IncorrectPhoneNumber"
    write(kind="code.signin", body="验证码 123456", expires_at=clock.now() + timedelta(minutes=5))
    drain()
    assert [one[:2] for one in lines()] == [("sms", "undeliverable")]


@pytest.mark.parametrize("phone", [PHONE, None])
def test_an_offer_that_reaches_nobody_is_given_up_and_not_called(app, twins, phone):
    twins.sms.by_phone[PHONE] = "InvalidParameterValue.IncorrectPhoneNumber"
    write("offer", kind="signup.offered", phone=phone)
    drain()
    assert queries.fate_of("offer") == queries.Fate(None, given_up=True)
    assert "waiting" not in {one[1] for one in lines()}


def test_what_waits_for_a_call_reached_nobody_yet(app, twins):
    twins.sms.by_phone[PHONE] = "InvalidParameterValue.IncorrectPhoneNumber"
    write("k")
    assert queries.fate_of("k") == queries.Fate(None, given_up=False, pending=True)
    drain()
    assert queries.fate_of("k") == queries.Fate(None, given_up=True)


def test_a_delivery_whose_job_died_is_given_up_for_the_next_channel(app, twins, monkeypatch):
    class Broken(channels.ConsoleChannel):
        def send(self, parcel):
            raise ValueError

    monkeypatch.setitem(channels.channels(), "sms", Broken())
    write()
    with unit_of_work():
        db.session.execute(db.update(Job).values(state="dead"))
    tasks.give_up()
    assert lines() == [("sms", "undeliverable", "gave_up"), ("call", "waiting", None)]
    assert delivery.give_up_on_dead_jobs() == 0


@pytest.mark.parametrize("state", ["delivered", "undeliverable", "expired"])
def test_a_settled_delivery_is_not_sent_by_a_second_job(app, twins, state):
    write()
    with unit_of_work():
        row = db.session.scalars(select(Delivery)).one()
        row.state, found = state, row.id
    assert delivery.deliver(found) is None
    assert (delivery.deliver(found + 1), twins.sms.sent, twins.sms.calls) == (None, [], {})
    assert lines() == [("sms", state, None)]


def test_nothing_is_sent_twice_on_a_channel(wang, twins):
    write()
    drain()
    job_id = db.session.scalars(select(Job.id)).one()
    with unit_of_work():
        db.session.execute(db.update(Job).values(state="queued", run_after=0.0))
    tasks.deliver(job_id)
    assert (len(twins.wechat.sent), len(twins.sms.sent)) == (1, 0)


def test_a_channel_that_was_switched_off_lets_the_others_begin(app, twins, monkeypatch):
    monkeypatch.setattr(channels, "_channels", {"console": channels.ConsoleChannel()})
    write()
    monkeypatch.undo()
    drain()
    assert lines() == [("console", "undeliverable", "channel_gone"), ("sms", "delivered", None)]


# An outage (rel-F29)


def _pass(frozen, twins, hours: float, step: float = 30.0) -> None:
    """Let time pass while a worker does what is runnable."""
    ends = frozen.now + timedelta(hours=hours)
    while frozen.now < ends:
        work()
        frozen.now += timedelta(seconds=step)


@pytest.mark.parametrize("mode", ["500", "429", "LimitExceeded.AppMainlandChinaDailyLimit"])
def test_two_hours_away_and_each_message_arrives_once(app, frozen, twins, mode):
    for number in range(5):
        write(f"k{number}", expires_at=frozen.now + timedelta(days=5 - number))
    twins.sms.mode = mode
    _pass(frozen, twins, 2)
    asked = twins.sms.calls[mode]
    assert {one[1] for one in lines()} == {"waiting"}
    assert set(db.session.scalars(select(Job.state))) == {"queued"}
    twins.sms.mode = "ok"
    _pass(frozen, twins, 0.2)
    assert [one[1] for one in lines()] == ["delivered"] * 5
    assert [int(one["SessionContext"]) for one in twins.sms.sent] == [5, 4, 3, 2, 1]
    # One message asks whether the provider is back; the others do not pile up on it.
    assert asked < 40


def test_silence_is_no_answer_and_the_message_arrives_later(app, frozen, twins, monkeypatch):
    write()
    monkeypatch.setattr("chengjiu_mp.core.outside.WHOLE_SECONDS", 0.2)
    over = threading.Event()
    twins.sms.mode, twins.sms.hang = "hang", lambda: over.wait(10)
    began = time.monotonic()
    work()
    assert time.monotonic() - began < 2
    assert lines() == [("sms", "waiting", None)]
    assert db.session.scalars(select(Job.reason)).one() == "timeout"
    over.set()
    twins.sms.mode = "ok"
    _pass(frozen, twins, 0.1)
    assert lines() == [("sms", "delivered", None)]
    assert len(twins.sms.sent) == 1


def test_what_became_too_late_meanwhile_is_not_sent(app, frozen, twins):
    write(expires_at=frozen.now + timedelta(hours=1))
    twins.sms.mode = "500"
    _pass(frozen, twins, 1.2)
    twins.sms.mode = "ok"
    _pass(frozen, twins, 0.2)
    assert lines() == [("sms", "expired", "too_late")]
    assert twins.sms.sent == []


def test_wechat_away_does_not_hold_up_short_messages(wang, frozen, twins):
    twins.wechat.plant(SEND, -1, times=1000)
    write("a")
    write("b", phone="13900002222")
    drain()
    assert [one[:2] for one in lines()] == [("wechat", "waiting"), ("sms", "delivered")]


def test_a_reminder_that_an_outage_held_up_wakes_nobody(app, frozen, twins):
    frozen.now = frozen.now.replace(hour=19, minute=59)
    write(kind="refresher.reminder")
    twins.sms.mode = "500"
    work()
    twins.sms.mode = "ok"
    frozen.now += timedelta(minutes=10)
    drain()
    assert twins.sms.sent == []
    frozen.now = frozen.now.replace(hour=9) + timedelta(days=1)
    drain()
    assert len(twins.sms.sent) == 1


def test_the_pause_is_as_long_as_the_provider_asks_and_grows(app, frozen):
    first = pauses.pause("sms", "x")
    assert pauses.pause("sms", "x") == first
    assert (first - frozen.now).total_seconds() == 10
    frozen.now = first
    assert (pauses.pause("sms", "x") - frozen.now).total_seconds() == 20
    frozen.now += timedelta(seconds=20)
    assert (pauses.pause("sms", "x", 90.0) - frozen.now).total_seconds() == 90
    frozen.now += timedelta(seconds=90)
    with unit_of_work():
        pauses.back("sms")
    assert pauses.paused_until("sms") is None
    assert (pauses.pause("sms", "x") - frozen.now).total_seconds() == 10


def test_messages_stay_readable_where_providers_send_them(wang):
    write()
    assert queries.messages_to(privacy.phone_index(PHONE))[0].body == BODY
    assert db.session.scalars(select(Message.account_id)).one() is None


def test_many_at_once_go_where_each_would_have_gone_alone(wang, twins):
    """WeChat for whom it knows, a short message for who has a phone, the call list for the others, nobody for a code."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("signup.confirmed", {"phone": PHONE}), ("signup.confirmed", {"phone": "13900002222"}),
        ("signup.confirmed", {"phone": None}), ("signup.waiting", {"phone": PHONE}), ("code.signin", {"phone": None}),
        ("signup.confirmed", {"phone": "13900003333", "account_id": account_of(wang)}),
        ("signup.confirmed", {"phone": "13900004444", "call": True}), ("signup.reminder", {"phone": "13900005555"}),
    ]  # fmt: skip
    alone = [write(f"alone:{n}", kind, **values) for n, (kind, values) in enumerate(kinds)]
    with factories.made():
        about, letters = factories.unit(), []
        for n, (kind, values) in enumerate(kinds):
            options: Any = {key: value for key, value in values.items() if key != "phone"}
            letters.append(Letter(kind, f"many:{n}", BODY, values["phone"], about, options))
        tell_each(letters)
    many = [db.session.scalars(select(Message.id).where(Message.dedupe_key == f"many:{n}")).one() for n in range(8)]
    assert [lines(one) for one in many] == [lines(one) for one in alone]
    assert [at for one in many for _, *at in jobs_of(one)] == [at for one in alone for _, *at in jobs_of(one)]
    assert {queue for one in alone for queue, *_ in jobs_of(one)} == {jobs.URGENT}
    assert {queue for one in many for queue, *_ in jobs_of(one)} == {jobs.BULK}  # at a pace of their own
    assert {channel for one in many for channel, _, _ in lines(one)} == {"wechat", "sms", "call"}


def test_telling_many_again_changes_nothing(wang):
    for _ in range(2):
        with factories.made():
            about = factories.unit()
            tell_each([Letter("signup.confirmed", f"k:{n}", BODY, f"1390000222{n}", about) for n in range(3)])
    assert db.session.scalar(select(func.count()).select_from(Message)) == 3
    assert lines() == [("sms", "waiting", None)] * 3
    assert db.session.scalar(select(func.count()).select_from(Job)) == 3


def test_whom_wechat_does_not_know_costs_no_look_of_their_own(wang):
    costs = []
    for size in (2, 40):
        with unit_of_work():
            about = factories.unit()
            letters = [
                Letter("signup.confirmed", f"{size}:{n}", BODY, f"139010{size:02}{n:03}", about) for n in range(size)
            ]
            with counting.statements() as sent:
                tell_each(letters)
        costs.append(len(sent))
    assert costs[0] == costs[1]


def account_of(binding_id: int) -> int:
    return db.session.scalars(select(WechatBinding.account_id).where(WechatBinding.id == binding_id)).one()


def jobs_of(message_id: int) -> list[tuple[str, float, float]]:
    query = select(Job.queue, Job.run_after, Job.due).join(Delivery, Delivery.id == Job.subject_id)
    found = db.session.execute(query.where(Job.kind == "outbox.deliver", Delivery.message_id == message_id))
    return [(row[0], row[1], row[2]) for row in found]
