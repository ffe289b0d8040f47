"""How pairing a phone, and a phone that is not paired any more, are refused."""

from chengjiu_mp.core.errors import Kind, Refusal


class DeviceRevoked(Refusal):
    """The phone was paired with this run and is not any more: taken back, past its last day, or signed out.

    What was scanned and not sent stays on it.
    """

    code = "device_revoked"
    message = "这台手机的签到权限已被收回，请找老师。没上传的签到还在手机里，不会丢。"
    kind = Kind.UNAUTHORIZED


class InvitationOver(Refusal):
    """Ended by its minutes, its number of phones, a newer one, or because who made it may not check in any more."""

    code = "invitation_over"
    message = "这个邀请已经过期或用完了。请老师在“签到手机”页重新出示二维码，再扫一次。"
    kind = Kind.NOT_FOUND


class RunIsOver(Refusal):
    code = "run_is_over"
    message = "本场的最后一天已经过去，不用再准备手机。要补签，请在名单里按纸质签到表录入。"


class NotADevice(Refusal):
    """A caller without a device session, such as a job."""

    code = "not_a_device"
    message = "请在要用来签到的那台手机上登录，再点“准备签到”。"
