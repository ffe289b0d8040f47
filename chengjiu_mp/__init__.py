"""chengjiu_mp: public first-aid training from the poster's QR to the plan's row."""

from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from chengjiu_mp import blueprints, logs, tables
from chengjiu_mp.checkin import wall_codes
from chengjiu_mp.config import BadSettings, Settings, from_environment
from chengjiu_mp.core import access, fonts, hooks, http, privacy, retention, site, storage
from chengjiu_mp.core.celery import make_celery
from chengjiu_mp.core.db import db
from chengjiu_mp.core.engines import prepare_postgresql, prepare_sqlite
from chengjiu_mp.courses import rules
from chengjiu_mp.outbox import channels
from chengjiu_mp.outbox.subscribe import SubscribeChannel
from chengjiu_mp.signin import api as signin
from chengjiu_mp.web.cookie_session import CookieSessions
from chengjiu_mp.wechat import client as wechat
from chengjiu_mp.wechat import pages

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application.

    :param settings: for tests; otherwise the environment is read
    :raise BadSettings: when production lacks what it needs
    :raise RuntimeError: when a route does not declare who may
    """
    settings = settings or from_environment()
    app = http.Plain(
        "chengjiu_mp", root_path=str(Path(__file__).parent), static_folder="web/static", template_folder="web/templates"
    )
    app.config.update(_flask_settings(settings))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.session_interface = CookieSessions()
    (settings.data_dir / "run").mkdir(parents=True, exist_ok=True)
    privacy.use_vault(privacy.Vault(settings.keys))
    retention.use_periods(settings.retention)
    site.use_site(_site(settings))
    rules.use_rules(_rules(settings))
    wall_codes.use_secret(settings.secret_key)
    _connect(settings)
    fonts.use_font_folders(settings.font_dirs)
    storage.use_storage(storage.Storage(settings.data_dir / "media"))
    if settings.test_hooks:
        hooks.switch_on(settings.data_dir / "run" / "hooks.json")
    logs.init_app(app)
    _open_database(app)
    CSRFProtect(app)
    http.init_app(app)
    signin.init_app(app)
    blueprints.register(app)
    make_celery(app)
    access.check_every_route_declares(app)
    if settings.proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.proxy_hops] * 4)  # type: ignore[method-assign]
    return app


def _open_database(app: Flask) -> None:
    db.init_app(app)
    tables.load()
    with app.app_context():
        prepare = prepare_sqlite if db.engine.dialect.name == "sqlite" else prepare_postgresql
        prepare(db.engine)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


def _site(settings: Settings) -> site.Site:
    found = site.Site(settings.public_url, settings.help_phone)
    return replace(found, sign=settings.sms.sign) if settings.sms else found


def _connect(settings: Settings) -> None:
    """Install the ways to reach people, in the order in which they are tried.

    :raise BadSettings: in production without short messages
    """
    client = wechat.Client(settings.wechat) if settings.wechat else None
    wechat.use_client(client)
    account = settings.wechat.of_pages() if settings.wechat else None
    pages.use_pages(wechat.Client(account) if account else None)
    if settings.sms is None:
        if settings.production:
            raise BadSettings("production does not boot with the console as the only channel")
        last: channels.Channel = channels.ConsoleChannel()
    else:
        last = channels.SmsChannel(settings.sms)
    first: dict[str, channels.Channel] = {"wechat": SubscribeChannel(client)} if client else {}
    channels.use_channels({**first, "sms" if settings.sms else "console": last})


def _rules(settings: Settings) -> rules.Rules:
    return rules.Rules(
        settings.places_before_question, settings.places_per_device, settings.places_per_person, settings.no_shows,
        settings.no_show_months,
    )  # fmt: skip


def _flask_settings(settings: Settings) -> dict[str, object]:
    return {
        "SETTINGS": settings, "DATA_DIR": settings.data_dir, "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url, "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "REDIS_URL": settings.redis_url, "MAX_CONTENT_LENGTH": 6 * 1024 * 1024, "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "SESSION_COOKIE_NAME": "__Host-sid" if settings.secure else "sid", "SESSION_COOKIE_SECURE": settings.secure,
        "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax", "PERMANENT_SESSION_LIFETIME": 180 * 86400,
        "WTF_CSRF_CHECK_DEFAULT": False, "WTF_CSRF_TIME_LIMIT": None, "WTF_CSRF_SSL_STRICT": False,
        "JSON_AS_ASCII": False,
    }  # fmt: skip


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.database_url.startswith("sqlite"):
        return {}
    timeouts = "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
    connect = {"connect_timeout": 5, "tcp_user_timeout": 5000, "options": timeouts}
    return {
        "pool_pre_ping": True,
        "pool_recycle": 300,
        "pool_size": 4,
        "max_overflow": 4,
        "connect_args": connect,
    }
