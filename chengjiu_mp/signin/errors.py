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


class NotToDeputize(Refusal):
    """Only a grant of one's own without an end can be lent."""

    code = "not_to_deputize"
    message = "您没有可以交给别人代理的复核权限：代理人不能再找人代理。需要帮忙请联系市红十字会。"
    kind = Kind.FORBIDDEN


class DeputyUnknown(Refusal):
    code = "deputy_unknown"
    message = "请从名单里选一位在岗的同事。名单里没有的，请先由系统管理员开通账号。"
    kind = Kind.INVALID


class DeputyDates(Refusal):
    code = "deputy_dates"
    message = "结束日期不能早于开始日期，最多代理 60 天。更久的，请直接授予复核权限。"
    kind = Kind.INVALID


class DeputyNamed(Refusal):
    code = "deputy_named"
    message = "这位同事在这段时间已经能复核这个范围，不用再设。要改日期，请先结束原来的代理。"
    kind = Kind.CONFLICT
