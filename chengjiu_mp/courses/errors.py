"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class SignupNotOpen(Refusal):
    """``opens_at`` among the facts."""

    code = "signup_not_open"
    message = "报名还没有开始，请到开放时间再来。"


class SignupClosed(Refusal):
    code = "signup_closed"
    message = "这一场的报名已经截止，请看看其他场次。"


class AlreadySignedUp(Refusal):
    """Somebody holds a live place in this run on this document. Says nothing of whose phone or which state."""

    code = "already_signed_up"
    message = "这个证件已经报过这一场。请用当时报名的手机打开入场码；换了手机的，可用报名时的手机号收验证码找回。"


class OverlappingSignup(Refusal):
    code = "overlapping_signup"
    message = "这个证件在同一时间已经报了另一场培训。如要换场次，请先取消那一场。"


class PartyDoesNotFit(Refusal):
    """``seats_left`` and ``people`` among the facts; nothing was taken."""

    code = "party_does_not_fit"
    message = "剩下的名额不够大家一起。可以选择“能报几位报几位，其余候补”，或者换一场。"


class SamePersonTwice(Refusal):
    code = "same_person_twice"
    message = "这个证件号码填了两次。请核对是不是填了同一个人。"
    kind = Kind.INVALID


class OfferGone(Refusal):
    code = "offer_gone"
    message = "这个名额没有在时限内确认，已经让给下一位。想再来，可以重新报名排队。"


class CannotMove(Refusal):
    code = "cannot_move"
    message = "现在不能换到这一场。请刷新页面，看看还有哪些场次可以换。"


class CannotSubstitute(Refusal):
    code = "cannot_substitute"
    message = "现在不能换人：这位已经退出、正在换场，或者已经签到。请刷新页面再看。"


class PlacesNotFree(Refusal):
    """``free`` among the facts: how many seats could still be reserved."""

    code = "places_not_free"
    message = "没有这么多空着的名额可以预留。"


class AlreadyReserved(Refusal):
    code = "already_reserved"
    message = "已经给这个单位预留过名额。如要调整，请先释放，再重新预留。"


class CannotMerge(Refusal):
    code = "cannot_merge"
    message = "这两场不能合并：要是同一类别、都在报名中，而且目标场次坐得下。"


class TooYoung(Refusal):
    """``min_age`` and ``alternatives`` [{id, title, starts_at, day, place, min_age, url}] among the facts."""

    code = "too_young"
    message = "参加人的年龄还没有到这门课的要求。"
    kind = Kind.INVALID


class NothingToRenew(Refusal):
    """A refresher, and no certificate of the kind it renews. ``alternatives`` as :class:`TooYoung`, and ``call``.

    The same words whether there never was one or it ended too long ago: the document was typed, not proved.
    """

    code = "nothing_to_renew"
    message = "复训班只收有证书的人。请先参加完整的培训班。"
    kind = Kind.INVALID


class BirthDateMissing(Refusal):
    """The document's number does not tell the birth date, and nobody said it: the age could not be judged."""

    code = "birth_date_missing"
    message = "这种证件的号码里没有生日，请填写出生日期，只用来核对年龄。"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__(field="birth_date")


class GuardianRequired(Refusal):
    """Under 14 and old enough for the course: a guardian agrees first (Personal Information Protection Law, art. 31).

    ``call`` is the phone.
    """

    code = "guardian_required"
    message = "参加人未满 14 周岁，要由监护人同意。请监护人打电话办理。"
    kind = Kind.INVALID


class GuardianAskedLately(Refusal):
    """Once an hour for each child, so that nobody floods a phone under the name of a child."""

    code = "guardian_asked_lately"
    message = "刚给监护人的手机发过确认码，还能用，一小时内只发一次。请监护人看一下短信，或者过一会儿再发。"
    kind = Kind.TOO_MANY


class CannotWithdraw(Refusal):
    code = "cannot_withdraw"
    message = "培训已经开始，不能再取消报名。如有特殊情况，请联系现场工作人员。"


class RosterLocked(Refusal):
    """``call``, the phone where staff put it right, may be among the facts."""

    code = "roster_locked"
    message = "名单已经定了，不能在这里改。请打电话，由工作人员核对后更正。"


class CorrectionUnexplained(Refusal):
    """Staff say why, and by what they knew whom they were talking to."""

    code = "correction_unexplained"
    message = "请写明为什么改、凭什么核对的，例如“来电，报了签到码和生日”。"
    kind = Kind.INVALID


class NothingToCorrect(Refusal):
    code = "nothing_to_correct"
    message = "请写上要更正的内容：姓名、证件号码或手机号。"
    kind = Kind.INVALID


class OwnerFixed(Refusal):
    code = "owner_fixed"
    message = "这一场的所属单位已经定了，不能在这里修改。如有出入，请联系现场工作人员。"


class RunNotDraft(Refusal):
    code = "run_not_draft"
    message = "这一场已经发布，不能再改。如需调整名额，请在场次页修改。"


class RunNotOpen(Refusal):
    """The run is a draft, closed or cancelled: what was asked belongs to a published one."""

    code = "run_not_published"
    message = "这一场不在进行中，不能这样操作。请刷新页面看看它现在的状态。"


class RunBegun(Refusal):
    code = "run_begun"
    message = "培训已经开始，不能再改期、停课或合并。请在结束这一场时写明情况。"


class ReasonMissing(Refusal):
    code = "reason_missing"
    message = "请写明原因，参加的人会看到。"
    kind = Kind.INVALID


class RunNotBegun(Refusal):
    code = "run_not_begun"
    message = "培训当天起才能结束这一场。"


class RunTimesWrong(Refusal):
    code = "run_times_wrong"
    message = "时间有矛盾，请核对：课次要有先后、不能重叠，报名开始要早于报名截止，截止不能晚于培训结束。"
    kind = Kind.INVALID


class UnknownChoice(Refusal):
    """Something chosen for a run (kind, venue, unit, sector, instructor) is not there or not in the caller's scope."""

    code = "unknown_choice"
    message = "选的这一项找不到，或不在您的管理范围内，请重新选择。"
    kind = Kind.INVALID


class CapacityBelowTaken(Refusal):
    """``taken`` among the facts."""

    code = "capacity_below_taken"
    message = "名额不能少于已经确认的人数。"


class HeadCountMissing(Refusal):
    code = "head_count_missing"
    message = "普及场次请填写实到人数，它会计入普及任务。"
    kind = Kind.INVALID


class HeadCountUnexplained(Refusal):
    """``checked_in`` among the facts."""

    code = "head_count_unexplained"
    message = "实到人数和签到人数对不上，请写明原因。"
    kind = Kind.INVALID


class HeadCountFixed(Refusal):
    code = "head_count_fixed"
    message = "这一场已经结束。如要更正实到人数，请写明原因。"


class QuestionNeeded(Refusal):
    """Near a limit a word is asked for. ``question`` and ``challenge`` among the facts: the latter comes back with
    ``answer``.
    """

    code = "question_needed"
    message = "请先回答一个小问题，再提交一次。"
    kind = Kind.TOO_MANY


class DeviceFull(Refusal):
    """``call`` among the facts."""

    code = "device_full"
    message = (
        "这部手机上还没上的课已经报了很多个名额。要给更多人报名，请让本人用自己的手机，或打电话、到现场请工作人员代报。"
    )
    kind = Kind.TOO_MANY


class TooManyPlaces(Refusal):
    """``most`` among the facts."""

    code = "too_many_places"
    message = "这位参加人已经报了几场还没上的持证培训。请先取消一场，或者上完一场再报。"


class SeatReleased(Refusal):
    code = "seat_released"
    message = "没有等到您确认，名额已经让给候补的人。还想来，可以重新报名。"


class ExcuseTooLate(Refusal):
    code = "excuse_too_late"
    message = "这一场已经结束两天以上，不能在这里请假了。如有特殊情况，请打电话说明。"


class DeskNotOpen(Refusal):
    code = "desk_not_open"
    message = "师资在开课当天才能现场代报名。平时请让本人扫海报报名，或请举办单位代报。"


class RunIsFull(Refusal):
    """Somebody stands at the door of a full run; ``capacity`` and ``waiting`` among the facts."""

    code = "run_is_full"
    message = "名额已满。场地和师资够的，请勾选“确认超员加人”再提交；不够的，请本人改报别的场次。"


class NotWaiting(Refusal):
    """Somebody of the line was to be let in at the door, and is seated or gone."""

    code = "not_waiting"
    message = "这位已经不在候补里了。请刷新名单，在名单里按姓名找。"
