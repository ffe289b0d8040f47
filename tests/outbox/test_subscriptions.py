"""What a person allows WeChat to send: asked at the right moment, counted, taken back."""

import threading

import pytest

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox import ledger
from chengjiu_mp.wechat import bindings
from tests import factories

PATH = "/api/v1/wechat/subscriptions"


@pytest.fixture
def settings(settings, twins):
    return twins.connect(settings)


@pytest.fixture
def wang(app):
    """Return headers of a bound account and its binding's id."""
    with factories.made():
        account = factories.account("trainee")
        return factories.headers_of(account), bindings.bind("otwin-wang", account.id).id


def tapped(client, headers, *answers):
    items = [{"template": template, "accepted": accepted} for template, accepted in answers]
    return client.post(PATH, json={"items": items}, headers=headers)


def left(binding_id, template="twin-signup"):
    db.session.remove()
    return ledger.left(binding_id, template)


def test_a_tap_allows_one_message(client, wang):
    headers, binding = wang
    assert tapped(client, headers, ("twin-signup", True), ("twin-certificate", False)).status_code == 204
    tapped(client, headers, ("twin-signup", True))
    assert (left(binding), left(binding, "twin-certificate")) == (2, 0)


def test_a_refusal_takes_what_was_left(client, wang):
    headers, binding = wang
    tapped(client, headers, ("twin-signup", True))
    tapped(client, headers, ("twin-signup", False))
    assert left(binding) == 0


def test_a_hundred_taps_are_twenty(app, wang):
    with unit_of_work():
        for _ in range(30):
            ledger.accepted(wang[1], "twin-signup")
    assert left(wang[1]) == ledger.AT_MOST


def test_a_moment_asks_for_what_comes_next_the_missing_first(client, wang):
    headers, _ = wang

    def asked(moment):
        return [one["template"] for one in client.get(f"{PATH}?moment={moment}", headers=headers).json["items"]]

    assert asked("signup") == ["twin-signup", "twin-certificate"]
    tapped(client, headers, ("twin-signup", True))
    assert asked("signup") == ["twin-certificate", "twin-signup"]
    assert asked("lookup") == ["twin-certificate", "twin-refresher"]
    assert asked("teach") == ["twin-refresher"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"items": [{"template": "other", "accepted": True}]}, 422, "template_unknown"),
        ({"items": []}, 422, "invalid"),
        ({"items": [{"template": "twin-signup", "accepted": True}] * 4}, 422, "invalid"),
    ],
)
def test_what_is_no_answer(client, wang, body, status, code):
    reply = client.post(PATH, json=body, headers=wang[0])
    assert (reply.status_code, reply.json["code"]) == (status, code)


def test_who_has_no_wechat_here_is_told(client):
    with factories.made():
        headers = factories.bearer("trainee")
    assert client.get(f"{PATH}?moment=signup", headers=headers).json["code"] == "wechat_not_bound"
    assert tapped(client, headers, ("twin-signup", True)).json["code"] == "wechat_not_bound"


def test_two_refusals_at_once_take_what_was_left_once(app, wang):
    with unit_of_work():
        ledger.accepted(wang[1], "twin-signup")

    def refuse():
        with app.app_context():
            with unit_of_work():
                ledger.refused(wang[1], "twin-signup")
            db.session.remove()

    threads = [threading.Thread(target=refuse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert left(wang[1]) == 0
