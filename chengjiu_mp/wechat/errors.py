"""How WeChat's answers become refusals."""

from chengjiu_mp.core.errors import Kind, Refusal


class WechatNotConfigured(Refusal):
    code = "wechat_not_configured"
    message = "这里还没有开通微信登录，请用手机验证码登录。"
    kind = Kind.CONFLICT


class WechatCodeWrong(Refusal):
    """40029, 40163: unknown, five minutes old, used, or a code of the other kind."""

    code = "wechat_code_wrong"
    message = "微信这一步已经失效，请返回小程序重新点一次；也可以用手机验证码登录。"
    kind = Kind.INVALID


class WechatTooOften(Refusal):
    """45011: this user, or our program, asks too often."""

    code = "wechat_too_often"
    message = "微信提示操作太频繁，请过一分钟再试，或用手机验证码登录。"
    kind = Kind.TOO_MANY


class WechatBlocked(Refusal):
    """40226: the platform takes the user for a risk."""

    code = "wechat_blocked"
    message = "微信暂时不让这个微信号登录，请改用手机验证码登录。"
    kind = Kind.FORBIDDEN


class WechatBusy(Refusal):
    """-1, no answer, or an answer that nobody understands."""

    code = "wechat_busy"
    message = "微信没有回应，请过一会儿再试，或用手机验证码登录。"
    kind = Kind.UNAVAILABLE


class PagesNotConfigured(Refusal):
    code = "js_sdk_not_configured"
    message = "这里还没有开通网页里的微信功能，请用页面上别的办法，例如手机自带的扫一扫。"
    kind = Kind.CONFLICT


class NotOurPage(Refusal):
    """The signature would let somebody else's page act in our name."""

    code = "not_our_page"
    message = "只能给本站的网页签名。请传当前页面的完整网址。"
    kind = Kind.INVALID


class CodeNotDrawn(Refusal):
    """No WeChat, a page that it does not know, or no answer."""

    code = "mini_code_not_drawn"
    message = "现在取不到小程序码。请先用海报上的普通二维码，微信里扫一样能打开；过一会儿再试。"
    kind = Kind.UNAVAILABLE


class ApiRefused(Exception):
    """The platform answered with an ``errcode`` that our own code must deal with; the text is that number alone.

    ``field`` is the template's field that it does not like (47003)."""

    def __init__(self, errcode: int, field: str = "") -> None:
        super().__init__(str(errcode))
        self.errcode, self.field = errcode, field
