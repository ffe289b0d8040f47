"""The channel of WeChat's subscribe messages: tried first, where the person allowed one."""

from collections.abc import Sequence

from chengjiu_mp.core.db import end_read
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.outbox import ledger, wording
from chengjiu_mp.outbox.parcels import Outcome, Parcel
from chengjiu_mp.wechat import bindings
from chengjiu_mp.wechat.client import Client
from chengjiu_mp.wechat.errors import ApiRefused
from chengjiu_mp.wechat.fields import field_fits, field_kind, shorten
from chengjiu_mp.wechat.models import WechatBinding
from chengjiu_mp.wechat.settings import Template

USED_UP = 43101
# The openid, the template, the page, or a field's value is wrong: another try says the same.
FOR_EVER = {40003: "openid", 40037: "template", 41030: "page", 47003: "field"}


class SubscribeChannel:
    """Subscribe messages of one mini program."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def takes(self, parcel: Parcel) -> bool:
        """Return whether the kind has a template, and its person is known here and allows a message."""
        template = self._client.settings.template_for(parcel.kind)
        if template is None:
            return False
        binding = _binding(parcel)
        return binding is not None and ledger.left(binding.id, template.id) > 0

    def taken(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """Return those that :meth:`takes` would take; only who is known here is looked at one by one."""
        worth = [one for one in parcels if self._client.settings.template_for(one.kind) is not None]
        accounts = {one.account_id for one in worth if one.account_id is not None}
        phones = {one.phone_index for one in worth if one.phone_index is not None}
        known, proved = bindings.known_among(accounts, phones) if worth else (set(), set())
        return [one for one in worth if (one.account_id in known or one.phone_index in proved) and self.takes(one)]

    def send(self, parcel: Parcel) -> Outcome:
        """Send, and let the ledger follow in the transaction that records it.

        :raise Unreachable: it may work later
        """
        template, binding = self._client.settings.template_for(parcel.kind), _binding(parcel)
        if template is None or binding is None or ledger.left(binding.id, template.id) < 1:
            return Outcome(delivered=False, reason="no_credit")
        openid, binding_id = bindings.openid_of(binding), binding.id
        end_read()
        data = values(template, parcel)
        if data is None:
            return Outcome(delivered=False, reason="field")
        try:
            self._client.send_subscribe(openid, template.id, data, template.page)
        except ApiRefused as refused:
            return _refusal(refused, binding_id, template.id, parcel.message_id)
        return Outcome(True, effect=lambda: ledger.sent(binding_id, template.id, parcel.message_id))


def values(template: Template, parcel: Parcel) -> dict[str, str] | None:
    """Return what stands in a template's fields; None when one is missing or does not fit: it would cost the whole
    message (47003).
    """
    said, found = wording.variables(parcel), {}
    for name, source in template.data.items():
        value = source[1:] if source.startswith("=") else said.get(source, "")
        value = shorten(value) if field_kind(name) == "thing" else value
        if not field_fits(name, value):
            return None
        found[name] = value
    return found


def _refusal(refused: ApiRefused, binding_id: int, template_id: str, message_id: int) -> Outcome:
    if refused.errcode == USED_UP:
        effect = lambda: ledger.refused(binding_id, template_id, message_id)  # noqa: E731  runs with the outcome
        return Outcome(delivered=False, reason="no_credit", effect=effect)
    if refused.errcode in FOR_EVER:
        where = f":{refused.field}" if refused.field else ""
        return Outcome(delivered=False, reason=FOR_EVER[refused.errcode] + where)
    # A quota, a token that stays refused, something new: not this message's fault.
    raise Unreachable(f"wechat_{refused.errcode}") from None


def _binding(parcel: Parcel) -> WechatBinding | None:
    found = bindings.binding_of_account(parcel.account_id) if parcel.account_id is not None else None
    if found is None and parcel.phone_index is not None:
        found = bindings.binding_of_phone(parcel.phone_index)
    return found
