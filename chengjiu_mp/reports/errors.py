"""How figures and one's own data say no."""

from chengjiu_mp.core.errors import Kind, Refusal


class NothingHeld(Refusal):
    """Nobody of this name is reached by this phone; equal for unknown people and strangers' numbers."""

    code = "nothing_held"
    message = "用这个手机号和姓名没有查到信息。请核对姓名；换过手机号的，请带身份证件到现场办理，或致电服务热线。"
    kind = Kind.NOT_FOUND


class PhoneNotProved(Refusal):
    """Signed in, but not by a code to a phone."""

    code = "phone_not_proved"
    message = "查看本人信息要先用短信验证码登录，请换用手机验证码登录后再来。"
    kind = Kind.CONFLICT


class NotConfirmed(Refusal):
    code = "not_confirmed"
    message = "删除后不能恢复。请看清要删除和保留的内容，勾选确认后再提交。"
    kind = Kind.INVALID


class DaysBackwards(Refusal):
    code = "days_backwards"
    message = "开始日期在结束日期之后。请把两个日期对调，或清空后重新选。"
    kind = Kind.INVALID


class OwnAccesses(Refusal):
    """The second person must be one who made none of the accesses."""

    code = "own_accesses"
    message = "里面有您自己看过的记录，请由另一位没有看过的同事来核对。"
    kind = Kind.CONFLICT


class AccessesChanged(Refusal):
    code = "accesses_changed"
    message = "刚刚又有人看过完整号码，次数变了。请看完新的再核对。"
    kind = Kind.CONFLICT
