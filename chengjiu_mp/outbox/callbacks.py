"""What WeChat tells us of its own accord: a user who switched subscribe messages off allows none any more.

Acceptances are told by the mini program itself, at the tap; counting them here too would count them twice.
"""

import json
from collections.abc import Mapping
from typing import Any

from chengjiu_mp.outbox import ledger
from chengjiu_mp.wechat import bindings, signatures
from chengjiu_mp.wechat.sealed import CallbackSeal, NotOurs
from chengjiu_mp.wechat.settings import WechatSettings

_EVENTS = frozenset({"subscribe_msg_popup_event", "subscribe_msg_change_event"})


def is_signed(settings: WechatSettings, query: Mapping[str, str], name: str, *sealed: str) -> bool:
    """Return whether a callback is the platform's; ``name`` is the field that holds its signature."""
    if not settings.callback_token:
        return False
    right = signatures.callback(settings.callback_token, query.get("timestamp", ""), query.get("nonce", ""), *sealed)
    return signatures.matches(query.get(name, ""), right)


def opened(settings: WechatSettings, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event in a callback of the JSON format, in safe mode or plain where no key is set.

    :raise NotOurs: not signed by the platform, not sealed for us, or no event
    """
    try:
        found = json.loads(body)
        if settings.callback_key:
            sealed = str(found["Encrypt"])
            if not is_signed(settings, query, "msg_signature", sealed):
                raise NotOurs
            found = json.loads(CallbackSeal(settings.callback_key, settings.appid).open(sealed))
        elif not is_signed(settings, query, "signature"):
            raise NotOurs
    except (ValueError, KeyError, TypeError):
        raise NotOurs from None
    if not isinstance(found, dict):
        raise NotOurs
    return found


def take(event: Mapping[str, Any]) -> None:
    """Let the ledger follow an event; what is none of ours changes nothing."""
    lines = event.get("List")
    lines = [lines] if isinstance(lines, dict) else lines
    if event.get("Event") not in _EVENTS or not isinstance(lines, list):
        return
    binding = bindings.binding_of_openid(str(event.get("FromUserName", "")))
    for line in lines if binding is not None else ():
        if binding is not None and isinstance(line, dict) and line.get("SubscribeStatusString") == "reject":
            ledger.refused(binding.id, str(line.get("TemplateId", ""))[:64])
