"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class AlreadyReached(Refusal):
    """Somebody reached this person before, or it is too late to call."""

    code = "already_reached"
    message = "这一条已经不用打了：同事刚打过，或者已过时间。请刷新名单再看。"
    kind = Kind.CONFLICT


class CallTakenBack(Refusal):
    code = "call_taken_back"
    message = "这条通话记录已经撤销过了，请刷新名单再看。"
    kind = Kind.CONFLICT


class RevealReasonMissing(Refusal):
    """Full numbers are shown for a reason that can be read later (rel-P5)."""

    code = "reason_missing"
    message = "请写明为什么要看完整号码，至少两个字，例如“通知明天停课”。"
    kind = Kind.INVALID


class WechatNotBound(Refusal):
    """The account has not signed in by WeChat."""

    code = "wechat_not_bound"
    message = "这个账号还没有用微信登录过。请在微信小程序里登录后再订阅。"
    kind = Kind.CONFLICT


class TemplateUnknown(Refusal):
    code = "template_unknown"
    message = "没有这个订阅模板，请更新小程序后再试。"
    kind = Kind.INVALID
