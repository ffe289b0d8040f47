"""Settings, from the environment alone. Development makes its own secrets in the data folder; production brings them
or does not boot.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chengjiu_mp import channel_settings
from chengjiu_mp.core.privacy import Keys, key_from_text
from chengjiu_mp.core.retention import Periods
from chengjiu_mp.outbox.sms import SmsSettings
from chengjiu_mp.wechat.settings import WechatSettings


class BadSettings(RuntimeError):
    """The environment does not suffice to run safely; the text says which variable and what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything the application reads from outside."""

    environment: str
    data_dir: Path
    database_url: str
    redis_url: str
    public_url: str
    secret_key: str
    keys: Keys
    demo: bool = False
    test_hooks: bool = False
    proxy_hops: int = 0
    font_dirs: tuple[Path, ...] = ()
    help_phone: str = "0510-86800000"
    # Sign-ups a minute: of one device session, and of one network (a crowded hall shares one).
    signups_per_device: int = 30
    signups_per_network: int = 600
    retention: Periods = field(default_factory=Periods)
    # None: not connected. Without short messages the console twin stands in, which production does not boot with.
    sms: SmsSettings | None = None
    wechat: WechatSettings | None = None
    check_files: Mapping[str, str] = field(default_factory=dict)
    # Places ahead: of one device before a question is asked and at most, and of one person in certified courses.
    places_before_question: int = 3
    places_per_device: int = 12
    places_per_person: int = 3
    # So many absences without a word within so many months: the next place is confirmed once more the day before.
    no_shows: int = 2
    no_show_months: int = 12

    @property
    def production(self) -> bool:
        """Return whether real people are served."""
        return self.environment == "production"

    @property
    def secure(self) -> bool:
        """Return whether people reach us by https."""
        return self.public_url.startswith("https://")


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings.

    :raise BadSettings: when something is missing or unsafe
    """
    environment = env.get("CHENGJIU_ENV", "development")
    data_dir = Path(env.get("CHENGJIU_DATA_DIR", ".data")).resolve()
    given = {name: env[name] for name in _SECRETS if env.get(name)}
    channels = _channels(env)
    if environment == "production":
        _check_production(env, given)
        _check_channels(env, channels["sms"])
    elif len(given) < len(_SECRETS):
        given = {**_development_secrets(data_dir), **given}
    return Settings(
        environment=environment,
        data_dir=data_dir,
        database_url=_driver(env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'chengjiu.sqlite3'}"),
        redis_url=env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        public_url=env.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        secret_key=given["CHENGJIU_SECRET_KEY"],
        keys=_keys(given),
        demo=env.get("CHENGJIU_DEMO") == "1",
        test_hooks=env.get("CHENGJIU_TEST_HOOKS") == "1",
        proxy_hops=_count(env, "CHENGJIU_PROXY_HOPS", 0),
        font_dirs=tuple(Path(p) for p in env.get("CHENGJIU_FONT_DIR", "").split(os.pathsep) if p),
        help_phone=env.get("CHENGJIU_HELP_PHONE", "0510-86800000"),
        signups_per_device=_count(env, "CHENGJIU_SIGNUPS_PER_DEVICE", 30),
        signups_per_network=_count(env, "CHENGJIU_SIGNUPS_PER_NETWORK", 600),
        retention=_retention(env),
        **channels,
        places_before_question=_count(env, "CHENGJIU_PLACES_BEFORE_QUESTION", 3),
        places_per_device=_count(env, "CHENGJIU_PLACES_PER_DEVICE", 12),
        places_per_person=_count(env, "CHENGJIU_PLACES_PER_PERSON", 3),
        no_shows=_count(env, "CHENGJIU_NO_SHOWS", 2),
        no_show_months=_count(env, "CHENGJIU_NO_SHOW_MONTHS", 12),
    )


_SECRETS = ("CHENGJIU_SECRET_KEY", "CHENGJIU_DATA_KEYS", "CHENGJIU_INDEX_KEY")


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise BadSettings(f"{name} must be a whole number")
    return int(text)


def _retention(env: Mapping[str, str]) -> Periods:
    """Return CHENGJIU_RETENTION_<PERIOD>_DAYS for each period, its default where none is set."""
    plain = asdict(Periods())
    return Periods(**{one: _count(env, f"CHENGJIU_RETENTION_{one.upper()}_DAYS", days) for one, days in plain.items()})


def _driver(url: str) -> str:
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _check_production(env: Mapping[str, str], given: dict[str, str]) -> None:
    for name in (*_SECRETS, "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"):
        if not env.get(name):
            raise BadSettings(f"{name} is missing: production does not boot without it (docs/operations.md)")
    if len(given["CHENGJIU_SECRET_KEY"]) < 32 or len(set(given["CHENGJIU_SECRET_KEY"])) < 8:
        raise BadSettings("CHENGJIU_SECRET_KEY is too weak: use at least 32 random characters")
    if len(set(given.values())) < len(given):
        raise BadSettings("the secrets must differ from one another")
    for name in ("CHENGJIU_DEMO", "CHENGJIU_TEST_HOOKS"):
        if env.get(name) == "1":
            raise BadSettings(f"{name}=1 is not for production: it shows codes to anybody")
    if not env["PUBLIC_URL"].startswith("https://"):
        raise BadSettings("PUBLIC_URL must begin with https:// in production")


def _channels(env: Mapping[str, str]) -> dict[str, Any]:
    env = channel_settings.with_twins(env)
    try:
        return {
            "sms": channel_settings.sms_settings(env),
            "wechat": channel_settings.wechat_settings(env),
            "check_files": channel_settings.check_files(env),
        }
    except channel_settings.Wrong as wrong:
        raise BadSettings(str(wrong)) from None


def _check_channels(env: Mapping[str, str], sms: SmsSettings | None) -> None:
    """Codes go to phones: with the console as the only channel nobody would get one, and nobody could sign in."""
    if sms is None:
        raise BadSettings(
            f"{', '.join(channel_settings.SMS)} are missing: codes for sign-in and look-up are sent by short message, "
            "and production does not boot with the console as the only channel (docs/operations.md)"
        )
    for name in ("CHENGJIU_TWINS", "CHENGJIU_SMS_URL", "CHENGJIU_WECHAT_URL"):
        if env.get(name):
            raise BadSettings(f"{name} is for the development twins: production speaks to the providers themselves")


def _keys(given: Mapping[str, str]) -> Keys:
    try:
        data = {kid: key_from_text(text) for kid, text in json.loads(given["CHENGJIU_DATA_KEYS"]).items()}
        index = key_from_text(given["CHENGJIU_INDEX_KEY"])
    except (ValueError, AttributeError):
        raise BadSettings(
            'CHENGJIU_DATA_KEYS is {"<4 characters>": "<base64 of 32 bytes>"}, CHENGJIU_INDEX_KEY base64 of 32 bytes'
        ) from None
    if not data or any(len(set(key)) < 8 for key in [*data.values(), index]) or index in data.values():
        raise BadSettings("the data keys and the index key must be random and different")
    return Keys(data=data, current=max(data), index=index)


def _development_secrets(data_dir: Path) -> dict[str, str]:
    """Return this data folder's own secrets, made at first use; losing them means losing the sealed data."""
    file = data_dir / "secrets.json"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        fresh = {
            "CHENGJIU_SECRET_KEY": secrets.token_urlsafe(48),
            "CHENGJIU_DATA_KEYS": json.dumps({"dev1": base64.b64encode(secrets.token_bytes(32)).decode()}),
            "CHENGJIU_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        half = file.with_suffix(f".{os.getpid()}.part")
        half.touch(mode=0o600)
        half.write_text(json.dumps(fresh))
        try:
            os.link(half, file)  # the first of several processes wins; the others read what it wrote
        except FileExistsError:
            pass
        finally:
            half.unlink()
    found: dict[str, str] = json.loads(file.read_text())
    return found
