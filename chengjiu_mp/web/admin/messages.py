"""Messages in the caller's scope: what was told to whom and whether it arrived; never the text."""

from flask import Blueprint, render_template, request, url_for

from chengjiu_mp.core import context
from chengjiu_mp.core.access import STAFF, access
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_messages", __name__, url_prefix="/console/messages")

STATES = {
    "waiting": ("等待发送", ""), "delivered": ("已送达", "ok"), "undeliverable": ("未送达", "warn"),
    "expired": ("已过时，未发", "plain"),
}  # fmt: skip
_CHANNELS = {"console": "演示通道", "sms": "短信", "wechat": "微信"}
_REASONS = {"no_phone": "没有手机号，请电话或当面告知", "too_late": "发送时已过有效期", "erased": "个人信息已删除"}
_KINDS = {
    "code": "验证码", "signup": "报名", "run": "场次", "checkin": "签到", "result": "成绩", "certificate": "证书",
    "refresher": "复训提醒", "survey": "问卷",
}  # fmt: skip
_COLUMNS = ["时间", "内容", "手机号", "渠道", "状态"]


@blueprint.get("/")
@access(STAFF)
def index() -> str:
    """Show one page, newest first."""
    state = request.args.get("state")
    state = state if state in STATES else None
    found = queries.staff_page(context.principal(), request.args.get("cursor"), state=state)
    following = url_for(".index", state=state, cursor=found.next_cursor) if found.next_cursor else ""
    rows = [_row(line) for line in found.items]
    shown = {"title": "消息", "caption": "发出的消息", "columns": _COLUMNS, "rows": rows, "chips": _chips(state)}
    return render_template("admin/list.html", following=following, **shown)


def _chips(state: str | None) -> list[dict[str, object]]:
    chips = [{"label": "全部", "href": url_for(".index"), "current": state is None}]
    return chips + [{"label": STATES[s][0], "href": url_for(".index", state=s), "current": s == state} for s in STATES]


def _row(line: queries.Line) -> list[object]:
    phone = mask_phone(line.phone) if line.phone else "已删除" if line.erased else "没有手机号"
    channels = "、".join(_CHANNELS.get(one.channel, one.channel) for one in line.deliveries)
    worst = next((one for one in line.deliveries if one.state != "delivered"), None)
    word, tone = STATES[worst.state if worst else "delivered"]
    reason = _REASONS.get(worst.reason or "", "") if worst else ""
    state = {"text": f"{word}：{reason}" if reason else word, "tone": tone}
    return [day_time_long(line.created_at), _KINDS.get(line.kind.partition(".")[0], line.kind), phone, channels, state]
