"""How the wall says no: what happened, then what to do. Each ``code`` is also that of the refused scan (rel-C5)."""

from chengjiu_mp.core.errors import Kind, Refusal


class WallRefusal(Refusal):
    """Base of them all."""

    code = "wall_refused"
    message = "签到没有办成。请对着大屏幕再扫一次，或请现场工作人员签到。"


class WallCodeUnknown(WallRefusal):
    """No display made this code, or it was changed on its way."""

    code = "wall_unknown"
    message = "这不是本场大屏幕上的签到码。请用微信对着教室里的大屏幕扫一扫。"
    kind = Kind.NOT_FOUND


class WallCodeOld(WallRefusal):
    """It was made more than one step ago: a screenshot, or forwarded."""

    code = "wall_old"
    message = "二维码已过期，请对着大屏幕再扫一次。"


class WallEnded(WallRefusal):
    code = "wall_ended"
    message = "这块屏幕上的签到码已经收起。大屏幕上还有码的，请再扫一次；没有的，请现场工作人员签到。"


class WallTooEarly(WallRefusal):
    """``opens_at`` among the facts."""

    code = "wall_early"
    message = "还没到签到时间，开课前 30 分钟起可以扫码签到，请到时再扫。"


class WallOver(WallRefusal):
    """The meeting is over, or its run was ended or cancelled: the wall has no time of grace."""

    code = "wall_over"
    message = "这一课已经结束，不能再扫码签到。确实到场的，请联系现场工作人员补签。"


class WallElsewhere(WallRefusal):
    """The form was made on another phone."""

    code = "wall_elsewhere"
    message = "这次签到不是在这部手机上扫出来的。请用这部手机对着大屏幕再扫一次。"
    kind = Kind.FORBIDDEN


class WallTooSlow(WallRefusal):
    """Two minutes went by between the scan and the tap."""

    code = "wall_slow"
    message = "扫码后停留太久了，请对着大屏幕再扫一次。"


class WallNotYours(WallRefusal):
    """Somebody was ticked who did not sign up on this phone."""

    code = "wall_not_yours"
    message = "这个报名不在这部手机上，不能代签。请用报名的那部手机扫码，或请现场工作人员签到。"
    kind = Kind.FORBIDDEN


class NobodyTicked(WallRefusal):
    code = "wall_nobody"
    message = "请先勾选到场的人，再点签到。"
    kind = Kind.INVALID
