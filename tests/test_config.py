"""Production does not boot on what is missing, weak or meant for a demo."""

import base64
import dataclasses
import json

import pytest

from chengjiu_mp import create_app
from chengjiu_mp.config import BadSettings, from_environment
from chengjiu_mp.outbox import channels

GOOD = {
    "CHENGJIU_ENV": "production",
    "CHENGJIU_SECRET_KEY": "q8Zt3nVx0LrYw5Hd7KbFs2Pj9Mc4Ga6E",
    "CHENGJIU_DATA_KEYS": json.dumps({"k001": base64.b64encode(bytes(range(32))).decode()}),
    "CHENGJIU_INDEX_KEY": base64.b64encode(bytes(range(100, 132))).decode(),
    "DATABASE_URL": "postgresql://app@db/chengjiu",
    "REDIS_URL": "redis://redis:6379/0",
    "PUBLIC_URL": "https://jiuhu.example.cn/",
    "CHENGJIU_SMS_SECRET_ID": "AKID-of-the-provider",
    "CHENGJIU_SMS_SECRET_KEY": "key-of-the-provider",
    "CHENGJIU_SMS_APP_ID": "1400000001",
    "CHENGJIU_SMS_SIGN": "江阴红十字",
    "CHENGJIU_SMS_TEMPLATES": '{"code": ["2001", "code"], "*": ["2002"]}',
}
SMS = [name for name in GOOD if name.startswith("CHENGJIU_SMS")]
WECHAT = {"CHENGJIU_WECHAT_APPID": "wx0000000000000001", "CHENGJIU_WECHAT_SECRET": "secret-of-the-platform"}


def _keys(raw: bytes) -> str:
    return json.dumps({"k001": base64.b64encode(raw).decode()})


def test_production_boots_on_a_whole_environment(tmp_path):
    found = from_environment({**GOOD, "CHENGJIU_DATA_DIR": str(tmp_path)})
    assert found.secure
    assert found.public_url == "https://jiuhu.example.cn"
    assert found.database_url.startswith("postgresql+psycopg://")
    assert (found.demo, found.test_hooks) == (False, False)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "CHENGJIU_ENV"])
def test_what_is_missing_is_named(name):
    with pytest.raises(BadSettings, match=name):
        from_environment({**GOOD, name: ""})


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"CHENGJIU_SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"CHENGJIU_SECRET_KEY": "a" * 64}, "SECRET_KEY"),
        ({"CHENGJIU_DATA_KEYS": "not json"}, "DATA_KEYS"),
        ({"CHENGJIU_DATA_KEYS": "[]"}, "DATA_KEYS"),
        ({"CHENGJIU_DATA_KEYS": "{}"}, "random and different"),
        ({"CHENGJIU_DATA_KEYS": _keys(b"short")}, "DATA_KEYS"),
        ({"CHENGJIU_DATA_KEYS": _keys(bytes(32))}, "random and different"),
        ({"CHENGJIU_DATA_KEYS": _keys(bytes(range(100, 132)))}, "random and different"),
        ({"CHENGJIU_INDEX_KEY": GOOD["CHENGJIU_SECRET_KEY"]}, "differ"),
        ({"CHENGJIU_INDEX_KEY": "%%%"}, "INDEX_KEY"),
        ({"CHENGJIU_DEMO": "1"}, "CHENGJIU_DEMO"),
        ({"CHENGJIU_TEST_HOOKS": "1"}, "CHENGJIU_TEST_HOOKS"),
        ({"PUBLIC_URL": "http://jiuhu.example.cn"}, "https"),
        ({"CHENGJIU_TWINS": "http://127.0.0.1:9000"}, "CHENGJIU_TWINS"),
        ({"CHENGJIU_SMS_URL": "http://127.0.0.1:9000"}, "CHENGJIU_SMS_URL"),
        ({"CHENGJIU_SMS_TEMPLATES": "[]"}, "CHENGJIU_SMS_TEMPLATES"),
        ({"CHENGJIU_SMS_TEMPLATES": '{"*": ["1"]}'}, "a template for code"),
        ({"CHENGJIU_SMS_TEMPLATES": '{"code": ["1", "phone"]}'}, "variables among code"),
        ({"CHENGJIU_SMS_LONGEST": "0"}, "CHENGJIU_SMS_LONGEST"),
        ({"CHENGJIU_WECHAT_APPID": "wx1"}, "CHENGJIU_WECHAT_SECRET"),
        ({**WECHAT, "CHENGJIU_WECHAT_VERSION": "beta"}, "CHENGJIU_WECHAT_VERSION"),
        ({**WECHAT, "CHENGJIU_WECHAT_TEMPLATES": '{"signup": {"id": "a"}}'}, "CHENGJIU_WECHAT_TEMPLATES"),
        ({**WECHAT, "CHENGJIU_WECHAT_TEMPLATES": '{"signup": {"id": "a", "data": {"thing1": "x"}}}'}, "variables"),
        ({**WECHAT, "CHENGJIU_WECHAT_CALLBACK_TOKEN": "t", "CHENGJIU_WECHAT_CALLBACK_KEY": "short"}, "CALLBACK_KEY"),
        ({**WECHAT, "CHENGJIU_WECHAT_CODE_PAGE": "/pages/open?x=1"}, "CHENGJIU_WECHAT_CODE_PAGE"),
        ({**WECHAT, "CHENGJIU_WECHAT_PAGES_APPID": "wx2"}, "CHENGJIU_WECHAT_PAGES_SECRET"),
        ({"CHENGJIU_WECHAT_CHECK_FILES": '{"../a": "b"}'}, "CHENGJIU_WECHAT_CHECK_FILES"),
    ],
)
def test_what_is_unsafe_is_refused(changed, word):
    with pytest.raises(BadSettings, match=word):
        from_environment({**GOOD, **changed})


def test_a_refusal_shows_no_secret():
    with pytest.raises(BadSettings) as refused:
        from_environment({**GOOD, "CHENGJIU_DATA_KEYS": "sensitive-text"})
    assert "sensitive-text" not in str(refused.value)


def test_development_makes_its_own_secrets_once(tmp_path):
    env = {"CHENGJIU_DATA_DIR": str(tmp_path)}
    first, again = from_environment(env), from_environment(env)
    assert (first.secret_key, first.keys) == (again.secret_key, again.keys)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_two_data_folders_have_different_secrets(tmp_path):
    one, two = (from_environment({"CHENGJIU_DATA_DIR": str(tmp_path / name)}) for name in "ab")
    assert one.secret_key != two.secret_key
    assert one.keys.index != two.keys.index


@pytest.mark.parametrize("name", ["CHENGJIU_PROXY_HOPS", "CHENGJIU_SIGNUPS_PER_NETWORK"])
def test_a_count_that_is_none_is_named(tmp_path, name):
    with pytest.raises(BadSettings, match=name):
        from_environment({"CHENGJIU_DATA_DIR": str(tmp_path), name: "x"})


def test_retention_comes_in_days_from_the_environment(tmp_path):
    given = {"CHENGJIU_RETENTION_UNCERTIFIED_DAYS": "0", "CHENGJIU_RETENTION_MESSAGES_DAYS": "90"}
    kept = from_environment({**GOOD, **given, "CHENGJIU_DATA_DIR": str(tmp_path)}).retention
    assert (kept.uncertified, kept.messages, kept.unfinished, kept.certified) == (0, 90, 180, 1095)


def test_a_retention_that_is_no_number_of_days_does_not_boot(tmp_path):
    with pytest.raises(BadSettings, match="CHENGJIU_RETENTION_CODES_DAYS"):
        from_environment({**GOOD, "CHENGJIU_RETENTION_CODES_DAYS": "-1", "CHENGJIU_DATA_DIR": str(tmp_path)})


def test_production_does_not_boot_on_the_console_alone(tmp_path):
    with pytest.raises(BadSettings, match="console as the only channel") as refused:
        from_environment({name: value for name, value in GOOD.items() if name not in SMS})
    assert all(name in str(refused.value) for name in SMS)
    alone = {**GOOD, "CHENGJIU_DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/a"}
    with pytest.raises(BadSettings, match="only channel"):
        create_app(dataclasses.replace(from_environment(alone), sms=None))


def test_with_short_messages_production_boots(tmp_path):
    env = {**GOOD, **WECHAT, "CHENGJIU_DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/a"}
    create_app(from_environment(env))
    assert list(channels.channels()) == ["wechat", "sms"]


def test_settings_show_no_secret():
    shown = repr(from_environment({**GOOD, **WECHAT}))
    assert "key-of-the-provider" not in shown
    assert "secret-of-the-platform" not in shown


def test_twins_are_connected_by_one_variable(tmp_path):
    found = from_environment({"CHENGJIU_DATA_DIR": str(tmp_path), "CHENGJIU_TWINS": "http://127.0.0.1:9000"})
    assert found.sms is not None
    assert found.wechat is not None
    assert (found.sms.url, found.wechat.url) == ("http://127.0.0.1:9000/sms", "http://127.0.0.1:9000/wechat")
