"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class CodeWrong(Refusal):
    """Wrong, unknown, used up, used or expired: all answer alike (rel-T3, T5)."""

    code = "code_wrong"
    message = "验证码不对，或者已经过期。请核对短信里的 6 位数字；不行就重新获取一个。"
    kind = Kind.INVALID


class CredentialsWrong(Refusal):
    """An unknown user name, a wrong password or a closed account: all answer alike."""

    code = "credentials_wrong"
    message = "用户名或密码不对，请核对后再试；也可以改用手机验证码登录。"
    kind = Kind.UNAUTHORIZED


class AccountClosed(Refusal):
    """The phone was proved, but its account is switched off."""

    code = "account_closed"
    message = "这个账号已经停用。如需恢复，请致电市红十字会。"
    kind = Kind.FORBIDDEN


class NoSms(Refusal):
    """A number abroad: codes do not reach it."""

    code = "phone_no_sms"
    message = "境外号码收不到短信验证码，请换一个内地手机号，或致电服务热线。"
    kind = Kind.INVALID
