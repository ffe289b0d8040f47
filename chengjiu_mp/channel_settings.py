"""What the environment says of WeChat and of short messages; each is on when all of its variables are there."""

import json
import re
from collections.abc import Mapping
from typing import Any

from chengjiu_mp.outbox import sms, sms_twin, wording
from chengjiu_mp.outbox.sms import SmsSettings, SmsTemplate
from chengjiu_mp.wechat import settings as wechat
from chengjiu_mp.wechat import twin
from chengjiu_mp.wechat.sealed import CallbackSeal
from chengjiu_mp.wechat.settings import Template, WechatSettings

SMS = (
    "CHENGJIU_SMS_SECRET_ID", "CHENGJIU_SMS_SECRET_KEY", "CHENGJIU_SMS_APP_ID", "CHENGJIU_SMS_SIGN",
    "CHENGJIU_SMS_TEMPLATES",
)  # fmt: skip
WECHAT = ("CHENGJIU_WECHAT_APPID", "CHENGJIU_WECHAT_SECRET")
PAGES = ("CHENGJIU_WECHAT_PAGES_APPID", "CHENGJIU_WECHAT_PAGES_SECRET")

# What the twins on this machine know; a development that is told of them needs nothing else.
_TWIN_SUBSCRIBE = {
    "signup": {"id": "twin-signup", "data": {"thing1": "text", "time2": "when"}},
    "certificate": {"id": "twin-certificate", "data": {"thing1": "text"}},
    "refresher": {"id": "twin-refresher", "data": {"thing1": "text", "date2": "when"}},
}
_TWIN_SMS = {
    "code": ["1001", "code"],
    "signup": ["1002", "day", "time"],
    "guardian.asked": ["1004", "code"],
    "*": ["1003"],
}

Env = Mapping[str, str]


class Wrong(ValueError):
    """A variable cannot be used; the text names it and says why, and holds none of its content."""


def with_twins(env: Env) -> Env:
    """Return the environment with what connects the twins that CHENGJIU_TWINS names; what is set already stays."""
    url = env.get("CHENGJIU_TWINS", "").rstrip("/")
    if not url:
        return env
    return {
        "CHENGJIU_WECHAT_APPID": twin.APPID, "CHENGJIU_WECHAT_SECRET": twin.SECRET,
        "CHENGJIU_WECHAT_PAGES_APPID": twin.PAGES_APPID, "CHENGJIU_WECHAT_PAGES_SECRET": twin.SECRET,
        "CHENGJIU_WECHAT_URL": f"{url}/wechat", "CHENGJIU_WECHAT_TEMPLATES": json.dumps(_TWIN_SUBSCRIBE),
        "CHENGJIU_SMS_SECRET_ID": sms_twin.SECRET_ID, "CHENGJIU_SMS_SECRET_KEY": sms_twin.SECRET_KEY,
        "CHENGJIU_SMS_APP_ID": sms_twin.APP_ID, "CHENGJIU_SMS_SIGN": sms_twin.SIGN,
        "CHENGJIU_SMS_URL": f"{url}/sms", "CHENGJIU_SMS_TEMPLATES": json.dumps(_TWIN_SMS), **env,
    }  # fmt: skip


def sms_settings(env: Env) -> SmsSettings | None:
    """Return how short messages are sent, None where nothing is set.

    :raise Wrong: half of it is set, or it cannot be read
    """
    if not _whole(env, SMS):
        return None
    templates = {
        kind: SmsTemplate(given[0], tuple(given[1:]))
        for kind, given in _object(env, "CHENGJIU_SMS_TEMPLATES").items()
        if _is_template(given)
    }
    if "code" not in templates or len(templates) < len(_object(env, "CHENGJIU_SMS_TEMPLATES")):
        raise Wrong(
            'CHENGJIU_SMS_TEMPLATES is {"code": ["<template id>", "code"], "<kind>": ["<id>", "<variable>", …]} with '
            f"variables among {', '.join(wording.VARIABLES)}, and has a template for code"
        )
    longest = env.get("CHENGJIU_SMS_LONGEST", "") or "6"
    if not (longest.isascii() and longest.isdigit() and int(longest)):
        raise Wrong("CHENGJIU_SMS_LONGEST must be a whole number above 0")
    return SmsSettings(
        env["CHENGJIU_SMS_SECRET_ID"], env["CHENGJIU_SMS_SECRET_KEY"], env["CHENGJIU_SMS_APP_ID"],
        env["CHENGJIU_SMS_SIGN"], templates, region=env.get("CHENGJIU_SMS_REGION") or "ap-guangzhou",
        longest=int(longest), url=_url(env, "CHENGJIU_SMS_URL", sms.HOST),
    )  # fmt: skip


def wechat_settings(env: Env) -> WechatSettings | None:
    """Return what the mini program is, None where nothing is set.

    :raise Wrong: half of it is set, or it cannot be read
    """
    if not _whole(env, WECHAT):
        return None
    version = env.get("CHENGJIU_WECHAT_VERSION") or "formal"
    if version not in ("formal", "trial", "developer"):
        raise Wrong("CHENGJIU_WECHAT_VERSION is formal, trial or developer")
    token, key = env.get("CHENGJIU_WECHAT_CALLBACK_TOKEN", ""), env.get("CHENGJIU_WECHAT_CALLBACK_KEY", "")
    if token or key:
        _check_callback(token, key)
    _whole(env, PAGES)
    return WechatSettings(
        env["CHENGJIU_WECHAT_APPID"], env["CHENGJIU_WECHAT_SECRET"], version=version,
        url=_url(env, "CHENGJIU_WECHAT_URL", wechat.HOST), callback_token=token, callback_key=key,
        templates=tuple(_subscribe(env)), code_page=_page(env), pages_appid=env.get(PAGES[0], ""),
        pages_secret=env.get(PAGES[1], ""),
    )  # fmt: skip


def check_files(env: Env) -> dict[str, str]:
    """Return the files by which the platform sees that the domain is ours: name without .txt -> content."""
    found = _object(env, "CHENGJIU_WECHAT_CHECK_FILES")
    if not all(name.isascii() and name.isalnum() and isinstance(text, str) for name, text in found.items()):
        raise Wrong('CHENGJIU_WECHAT_CHECK_FILES is {"<name without .txt>": "<content>"}')
    return found


def _page(env: Env) -> str:
    page = env.get("CHENGJIU_WECHAT_CODE_PAGE", "")
    # The platform takes neither a slash in front nor parameters behind.
    if page and not re.fullmatch(r"[0-9A-Za-z_-]+(/[0-9A-Za-z_-]+)*", page):
        raise Wrong("CHENGJIU_WECHAT_CODE_PAGE is a page of the mini program without / in front: pages/open")
    return page


def _subscribe(env: Env) -> list[Template]:
    shape = (
        'CHENGJIU_WECHAT_TEMPLATES is {"<kind>": {"id": "…", "page": "…", "data": {"<field>": "<variable or =words>"}}}'
    )
    found = []
    for kind, given in _object(env, "CHENGJIU_WECHAT_TEMPLATES").items():
        if not (isinstance(given, dict) and given.get("id") and isinstance(given.get("data"), dict) and given["data"]):
            raise Wrong(shape)
        sources = given["data"].values()
        if not all(isinstance(one, str) and (one.startswith("=") or one in wording.VARIABLES) for one in sources):
            raise Wrong(f"{shape}; variables: {', '.join(wording.VARIABLES)}")
        found.append(Template(kind, str(given["id"]), given["data"], str(given.get("page", ""))))
    return found


def _is_template(given: Any) -> bool:
    texts = isinstance(given, list) and bool(given) and all(isinstance(one, str) and one for one in given)
    return texts and set(given[1:]) <= set(wording.VARIABLES)


def _whole(env: Env, names: tuple[str, ...]) -> bool:
    missing = [name for name in names if not env.get(name)]
    if missing and len(missing) < len(names):
        raise Wrong(f"{missing[0]} is missing: {', '.join(names)} go together")
    return not missing


def _object(env: Env, name: str) -> dict[str, Any]:
    try:
        found = json.loads(env.get(name) or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Wrong(f"{name} must be a JSON object")
    return found


def _url(env: Env, name: str, usual: str) -> str:
    """Return where the other side is; only a twin on this machine may be spoken to without TLS."""
    url = (env.get(name) or usual).rstrip("/")
    if url.startswith(("https://", "http://127.0.0.1:")):
        return url
    raise Wrong(f"{name} must begin with https://")


def _check_callback(token: str, key: str) -> None:
    try:
        CallbackSeal(key, "")
    except ValueError:
        raise Wrong("CHENGJIU_WECHAT_CALLBACK_KEY is the platform's EncodingAESKey of 43 characters") from None
    if not token:
        raise Wrong("CHENGJIU_WECHAT_CALLBACK_TOKEN is missing beside CHENGJIU_WECHAT_CALLBACK_KEY")
