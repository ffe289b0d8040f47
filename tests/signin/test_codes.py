"""A code proves one phone once: five tries, five minutes, limits that hold in the database."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.outbox import queries
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.phones import PhoneRefused
from chengjiu_mp.signin import codes
from chengjiu_mp.signin.errors import CodeWrong, NoSms
from chengjiu_mp.signin.models import PhoneCode

PHONE = "13900001111"
WRONG = "abcdef"


def _sent(phone=PHONE, purpose="signin"):
    with unit_of_work():
        challenge = codes.send_code(phone, purpose)
    text = queries.messages_to(privacy.phone_index(PHONE))[0].body if phone else "000000"
    db.session.remove()
    return challenge, re.findall(r"\d{6}", text)[0]


def test_the_right_code_proves_the_phone_once(app):
    challenge, code = _sent()
    assert codes.prove(challenge, code, "signin") == privacy.phone_index(PHONE)
    with pytest.raises(CodeWrong):
        codes.prove(challenge, code, "signin")


def test_the_text_is_the_ruled_sentence_and_expires_with_the_code(app):
    _, code = _sent()
    text = queries.messages_to(privacy.phone_index(PHONE))[0]
    assert text.body == f"【澄救】验证码 {code}，5 分钟内有效，请勿告诉他人。"
    assert text.expires_at == clock.now() + timedelta(minutes=5)


def test_five_wrong_tries_end_that_code_and_not_the_person(app):
    challenge, code = _sent()
    for _ in range(5):
        with pytest.raises(CodeWrong):
            codes.prove(challenge, WRONG, "signin")
    with pytest.raises(CodeWrong):
        codes.prove(challenge, code, "signin")
    again, fresh = _sent()
    assert codes.prove(again, fresh, "signin")


def test_the_fifth_try_may_still_be_right(app):
    challenge, code = _sent()
    for _ in range(4):
        with pytest.raises(CodeWrong):
            codes.prove(challenge, WRONG, "signin")
    assert codes.prove(challenge, code, "signin")


def test_a_code_ends_after_five_minutes(app, frozen):
    challenge, code = _sent()
    frozen.now += timedelta(minutes=5)
    with pytest.raises(CodeWrong):
        codes.prove(challenge, code, "signin")


def test_a_code_is_good_for_its_purpose_alone(app):
    challenge, code = _sent(purpose="lookup")
    with pytest.raises(CodeWrong):
        codes.prove(challenge, code, "signin")


def test_a_code_does_not_answer_another_challenge(app):
    (first, code), (second, other) = _sent(), _sent()
    if code != other:
        with pytest.raises(CodeWrong):
            codes.prove(second, code, "signin")
    assert codes.prove(first, code, "signin")


def test_equal_codes_are_stored_differently(app):
    _, code = _sent()
    row = db.session.scalars(select(PhoneCode)).one()
    assert bytes(row.code_hash) != privacy.blind_index("code", code)


def test_of_many_at_once_one_proves(app):
    challenge, code = _sent()

    def attempt(_):
        with app.app_context():
            try:
                return codes.prove(challenge, code, "signin")
            except CodeWrong:
                return None

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(attempt, range(5)))
    assert [answer for answer in answers if answer] == [privacy.phone_index(PHONE)]


def test_an_unknown_person_gets_a_challenge_of_the_same_shape_and_no_message(app):
    challenge, _ = _sent(phone=None)
    assert re.fullmatch("[a-z2-7]{26}", challenge)
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    with pytest.raises(CodeWrong):
        codes.prove(challenge, WRONG, "signin")


def _spend(phone=PHONE, network="n"):
    codes.spend_send(phone, network)


def test_one_code_a_minute_and_phone(app, frozen):
    _spend()
    with pytest.raises(TooMany) as refused:
        _spend()
    frozen.now += timedelta(seconds=refused.value.facts["retry_after"])
    _spend()


def test_a_stranger_s_refused_wishes_leave_the_phone_its_hour_and_day(app, frozen):
    _spend()
    for n in range(20):
        with pytest.raises(TooMany):
            _spend(network=f"n{n}")
    frozen.now += timedelta(minutes=2)
    _spend()


def test_five_codes_an_hour_whatever_the_network(app, frozen):
    for n in range(5):
        _spend(network=f"n{n}")
        frozen.now += timedelta(minutes=2)
    with pytest.raises(TooMany):
        _spend(network="another")


def test_ten_codes_a_day(app, frozen):
    for _ in range(10):
        _spend()
        frozen.now += timedelta(minutes=70)
    with pytest.raises(TooMany):
        _spend()


def _used(frozen, minutes=12):
    _spend()
    challenge, code = _sent()
    codes.prove(challenge, code, "signin")
    frozen.now += timedelta(minutes=minutes)


def test_who_answers_their_codes_is_not_shut_out(app, frozen):
    for _ in range(20):
        _used(frozen, minutes=5)
    _spend()


def test_a_flood_stays_bounded_while_the_phones_holder_signs_in(app, frozen):
    for n in range(4):
        _used(frozen, minutes=2)
        _spend(network=f"n{n}")
        frozen.now += timedelta(minutes=2)
    _spend(network="another")
    frozen.now += timedelta(minutes=2)
    with pytest.raises(TooMany):
        _spend(network="one more")


def test_even_answered_codes_end_at_40_a_day(app, frozen):
    for _ in range(40):
        _used(frozen, minutes=20)
    with pytest.raises(TooMany):
        _spend()


def test_an_answer_gives_back_its_own_try_alone(app, frozen):
    for _ in range(4):
        _spend()
        frozen.now += timedelta(minutes=2)
    _spend()
    challenge, code = _sent()
    for _ in range(3):
        with pytest.raises(CodeWrong):
            codes.prove(challenge, WRONG, "signin")
    codes.prove(challenge, code, "signin")
    frozen.now += timedelta(minutes=2)
    _spend()
    frozen.now += timedelta(minutes=2)
    with pytest.raises(TooMany):
        _spend()


def test_a_hall_behind_one_address_gets_its_codes(app):
    for n in range(60):
        _spend(phone=f"1390000{n:04d}")


def test_writing_a_number_differently_does_not_get_around_the_limit(app):
    _spend()
    with pytest.raises(TooMany):
        _spend(phone="+86 139-0000-1111")


@pytest.mark.parametrize(("phone", "why"), [("12", PhoneRefused), ("+852 91234567", NoSms)])
def test_what_cannot_get_a_code_is_told_so(app, phone, why):
    with pytest.raises(why):
        _spend(phone=phone)
