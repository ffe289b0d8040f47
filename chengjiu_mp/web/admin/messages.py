"""Messages in the caller's scope: what was told to whom and whether it arrived; never the text."""

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.outbox import calls, queries, wording
from chengjiu_mp.outbox.chain import CALL
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_messages", __name__, url_prefix="/console/messages")

STATES = {
    "waiting": ("等待发送", ""), "delivered": ("已送达", "ok"), "undeliverable": ("未送达", "warn"),
    "expired": ("已过时，未发", "plain"),
}  # fmt: skip
_CHANNELS = {"console": "演示通道", "sms": "短信", "wechat": "微信", "call": "电话"}
_REASONS = {
    "no_phone": "没有手机号，请当面告知", "phone_abroad": "境外号码收不到短信，请打电话",
    "too_late": "发送时已过有效期", "overtaken": "后来又有新通知，不用再打", "no_credit": "对方没有订阅微信消息",
    "no_template": "没有合适的短信模板", "gave_up": "多次尝试没有成功", "channel_gone": "这个渠道已停用",
    "erased": "个人信息已删除",
    "FailedOperation.PhoneNumberInBlacklist": "对方退订了短信",
    "InvalidParameterValue.IncorrectPhoneNumber": "号码不对",
    "LimitExceeded.PhoneNumberDailyLimit": "这个号码当天短信太多",
}  # fmt: skip
_COLUMNS = ["时间", "内容", "手机号", "渠道", "状态"]


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show one page, newest first."""
    state = request.args.get("state")
    state = state if state in STATES else None
    caller = context.principal()
    found = queries.staff_page(caller, request.args.get("cursor"), state=state)
    following = url_for(".index", state=state, cursor=found.next_cursor) if found.next_cursor else ""
    rows = [_row(line) for line in found.items]
    shown = {"title": "消息", "caption": "发出的消息", "columns": _COLUMNS, "rows": rows, "chips": _chips(state)}
    return render_template("admin/messages.html", following=following, to_call=calls.number_to_call(caller), **shown)


def _chips(state: str | None) -> list[dict[str, object]]:
    chips = [{"label": "全部", "href": url_for(".index"), "current": state is None}]
    return chips + [{"label": STATES[s][0], "href": url_for(".index", state=s), "current": s == state} for s in STATES]


def _row(line: queries.Line) -> list[object]:
    phone = mask_phone(line.phone) if line.phone else "已删除" if line.erased else "没有手机号"
    channels = "、".join(_CHANNELS.get(one.channel, one.channel) for one in line.deliveries)
    word, tone = _standing(line.deliveries[-1]) if line.deliveries else STATES["waiting"]
    return [day_time_long(line.created_at), wording.word_of(line.kind), phone, channels, {"text": word, "tone": tone}]


def _standing(last: Delivery) -> tuple[str, str]:
    """Return how a message stands, by the last channel it was given to."""
    word, tone = STATES[last.state]
    if last.channel == CALL:
        word, tone = ("已打电话告知", "ok") if last.state == "delivered" else ("等待打电话", "warn")
    reason = _REASONS.get(last.reason or "", "")
    return f"{word}：{reason}" if reason else word, tone
