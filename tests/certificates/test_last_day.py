"""D10: a certificate is good through the last second of its last day in Jiangyin, everywhere it is shown."""

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.certificates import verifying_many
from chengjiu_mp.certificates.earlier import state_of_earlier
from chengjiu_mp.certificates.earlier_models import EarlierCertificate
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import clock
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.db import db, unit_of_work
from tests import factories, issued
from tests.conftest import FrozenClock
from tests.web.test_certificate_pages import look_up, post

LAST = date(2027, 9, 15)
# UTC is eight hours behind: the day ends in Jiangyin while it is still afternoon there.
EDGES = [("2027-09-15T15:59:59.999999+00:00", "valid", "有效"), ("2027-09-15T16:00:00+00:00", "expired", "已过期")]


@pytest.fixture
def one(app: Flask) -> Certificate:
    made = issued.issue("张三")[0]
    with unit_of_work():
        db.session.get_one(Certificate, made.id).valid_until = LAST
    return db.session.get_one(Certificate, made.id)


@pytest.mark.parametrize(
    ("issued_on", "last"),
    [(date(2024, 9, 15), LAST), (date(2024, 2, 29), date(2027, 2, 28)), (date(2026, 11, 23), date(2029, 11, 23))],
)
def test_three_years_by_the_calendar(issued_on: date, last: date) -> None:
    assert add_months(issued_on, 36) == last


@pytest.mark.parametrize(("moment", "state", "word"), EDGES)
def test_the_edge_is_midnight_in_shanghai(
    client: Any, one: Certificate, frozen: FrozenClock, moment: str, state: str, word: str
) -> None:
    token, number = issued.token(one), one.number
    frozen.now = datetime.fromisoformat(moment)
    assert clock.today() == (LAST if state == "valid" else date(2027, 9, 16))
    said = client.get(f"/api/v1/verify/{token}").json
    assert (said["state"], said["state_words"]) == (state, word)
    assert word in client.get(f"/v/{token}").text
    assert word in post(client, "/verify", number=number, name="张三").text
    asked = verifying_many.asked_of([(number, "张三")])
    assert word in verifying_many.verify_lines(asked, "test")[0].words
    with factories.made():
        head = factories.bearer("operator")
    listed = client.get("/console/certificates/?state=expired", headers=head).text
    assert (number in listed) == (state == "expired")
    look_up(client, db.session.get_one(Certificate, one.id))
    assert word in client.get("/certificates").text


@pytest.mark.parametrize(("moment", "state", "word"), EDGES)
def test_an_earlier_paper_ends_as_ours_do(app: Flask, frozen: FrozenClock, moment: str, state: str, word: str) -> None:
    frozen.now = datetime.fromisoformat(moment)
    assert state_of_earlier(EarlierCertificate(state="issued", valid_until=LAST)) == state
