"""How check-in says no to a whole request; a single scan's no is its verdict (messages.py)."""

from typing import Any

from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.core.parsing import Invalid


class RosterNotOpen(Refusal):
    """The instructor's own run, before the day ahead of it or more than a week after it."""

    code = "roster_not_open"
    message = "名单在开课前一天开放，请到时再来。"
    kind = Kind.FORBIDDEN

    def __init__(self, *, early: bool = True, **facts: Any) -> None:
        super().__init__(None if early else "本场结束已超过 7 天，名单已收起。需要更改请联系市红十字会。", **facts)


class NothingToAnnul(Refusal):
    """The scan was refused, is itself an annulment, or was annulled in the meantime."""

    code = "nothing_to_annul"
    message = "这次签到已经撤销过了，请刷新名单核对。"


class NoMeetings(Refusal):
    code = "no_meetings"
    message = "本场还没有排定时间，不能签到。请联系市红十字会补上时间。"


class CheckInNeeded(Refusal):
    """Something that stands on this check-in (a result, a certificate) keeps it."""

    code = "check_in_needed"
    message = "这位学员的成绩已经提交，签到不能撤销。确需更改，请联系市红十字会。"


class NothingTyped(Refusal):
    code = "nothing_typed"
    message = "请填签到表上签了名的人的六位码，可以一次填很多个。"
    kind = Kind.INVALID


class TooManyTyped(Refusal):
    """``most`` among the facts."""

    code = "too_many_typed"
    message = "一次最多填 200 个。请分几次录入，录过的不会重复签到。"
    kind = Kind.INVALID


class LateReasonMissing(Refusal):
    """The run is closed: whoever enters paper now says why."""

    code = "late_reason_missing"
    message = "这一场已经结束。补签要写明原因，例如“签到表下午才交回来”。"
    kind = Kind.INVALID


class LateEntryRefused(Refusal):
    """The results that stand on the attendance were handed in."""

    code = "late_entry_refused"
    message = "本场的成绩已经提交，不能再补签。确实到场的，请联系市红十字会，由复核人退回成绩后再补。"


class NotCheckedIn(Refusal):
    """Who came to the door was not signed up either, as the check-in was refused; ``why`` is its code."""

    code = "not_checked_in"


class OnTheRoster(Refusal):
    """The phone left at the door is that of somebody on the roster who is not here yet; ``name`` makes it another."""

    code = "on_the_roster"
    message = (
        "这个手机号在名单里有人还没签到。是本人的，请回名单按手机后四位找到，点“签到”；"
        "是同行的另一位，请写上称呼再提交。"
    )
    kind = Kind.CONFLICT


class ProvisionalEnded(Refusal):
    """It was completed or dropped meanwhile."""

    code = "provisional_ended"
    message = "这一条已经补好或作废了。请刷新名单核对；本人补过的，入场码在「我的」里。"
    kind = Kind.CONFLICT


class TooLateToComplete(Refusal):
    """The results that stand on the attendance were handed in, or the week after the run is over."""

    code = "too_late_to_complete"
    message = "本场的成绩已经提交，不能再补录。请打电话问工作人员，可以改报下一场。"
    kind = Kind.CONFLICT


class NotPopular(Refusal):
    """The run is for certificates: it counts names, and no record of heads is kept of it."""

    code = "not_popular"
    message = "只有普及场次要交普及记录和佐证。这一场请按签到名单结束。"
    kind = Kind.CONFLICT


class EvidenceFull(Refusal):
    """``most`` among the facts."""

    code = "evidence_full"
    message = "一场最多传 9 张。请先删去一张，再传。"
    kind = Kind.CONFLICT


class EvidenceReasonMissing(Refusal):
    code = "evidence_reason_missing"
    message = "请写明为什么删去，例如“传错了场次”。"
    kind = Kind.INVALID


class EvidenceFixed(Refusal):
    code = "evidence_fixed"
    message = "普及记录已经提交，佐证不能再删。确需更改，请联系市红十字会。"
    kind = Kind.CONFLICT


class RecordIncomplete(Invalid):
    """``errors`` names each thing that is missing: date, place, presenter, minutes, head_count, evidence."""

    code = "record_incomplete"
    message = "普及记录还缺几项，请按提示补上再提交。"


class ExitNotAsked(Refusal):
    """The syllabus that the run froze asks for no exit scans."""

    code = "exit_not_asked"
    message = "这一类课程不用签退，签到就算到场。"
    kind = Kind.CONFLICT


class AttendanceFixed(Refusal):
    code = "attendance_fixed"
    message = "本场的成绩已经提交，出勤不能再改。请复核人退回成绩后再更正。"
    kind = Kind.CONFLICT
