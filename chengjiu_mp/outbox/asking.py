"""Which subscribe messages a person is asked for, and what they answered."""

from chengjiu_mp.core.context import Principal
from chengjiu_mp.outbox import ledger
from chengjiu_mp.outbox.errors import TemplateUnknown, WechatNotBound
from chengjiu_mp.outbox.schemas import Answer, Moment
from chengjiu_mp.wechat import bindings
from chengjiu_mp.wechat.client import client
from chengjiu_mp.wechat.models import WechatBinding
from chengjiu_mp.wechat.settings import Template

# What a person will want to hear of next, the most wanted first. The reminder years later has no other way than the
# credit taken at a look-up.
MOMENTS: dict[Moment, tuple[str, ...]] = {
    "signup": ("run", "signup", "certificate"),
    "checkin": ("result", "certificate", "survey"),
    "lookup": ("certificate", "refresher"),
    "teach": ("refresher", "run"),
}
AT_ONCE = 3


def templates_at(moment: Moment, caller: Principal) -> list[tuple[Template, int]]:
    """Return the templates to ask for now with what is left of each; none that the person allows already goes first.

    :raise WechatNotConfigured, WechatNotBound:
    """
    binding = _binding(caller)
    families = MOMENTS[moment]
    known = [one for one in client().settings.templates if one.kind.partition(".")[0] in families]
    counted = [(one, ledger.left(binding.id, one.id)) for one in known]
    counted.sort(key=lambda pair: (pair[1] > 0, families.index(pair[0].kind.partition(".")[0])))
    return counted[:AT_ONCE]


def record_answers(answers: list[Answer], caller: Principal) -> None:
    """Write what a person tapped into the ledger: an acceptance allows one message, a refusal takes what was left.

    :raise WechatNotConfigured, WechatNotBound, TemplateUnknown:
    """
    binding = _binding(caller)
    ours = {one.id for one in client().settings.templates}
    for number, one in enumerate(answers):
        if one.template not in ours:
            raise TemplateUnknown(field=f"items.{number}.template")
        (ledger.accepted if one.accepted else ledger.refused)(binding.id, one.template)


def _binding(caller: Principal) -> WechatBinding:
    client()
    found = bindings.binding_of_account(caller.account_id) if caller.account_id is not None else None
    if found is None:
        raise WechatNotBound
    return found
