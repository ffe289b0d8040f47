"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class NoExam(Refusal):
    """The run's kind has no examination (popular courses, instructor training)."""

    code = "no_exam"
    message = "这一类课程没有考核，不用登记成绩。"
    kind = Kind.CONFLICT


class NotPresent(Refusal):
    """Only people who were checked in are examined (rel-E1)."""

    code = "not_present"
    message = "这位学员没有签到，不能登记成绩。如果人确实到场，请先补签到。"
    kind = Kind.INVALID


class NotEnoughAttended(Refusal):
    """``signup_ids``, ``share`` of the first of them and ``required``, both 0 … 1, among the facts (feat-B10)."""

    code = "not_enough_attended"
    message = "这位学员的出勤不够，不能登记为合格。确实在场的，请运营人员先更正出勤，写明原因。"
    kind = Kind.INVALID


class ResultsSubmitted(Refusal):
    code = "results_submitted"
    message = "成绩已交复核，暂时不能改。需要修改时，请复核人退回。"
    kind = Kind.CONFLICT


class ResultsConfirmed(Refusal):
    """After issue a result changes only by revoking and issuing again (rel-E3)."""

    code = "results_confirmed"
    message = (
        "成绩已经确认，不能再改。没有合格的，可以登记补考；确有差错的，请先吊销证书，"
        "再由运营人员更正、另一位复核人确认。"
    )
    kind = Kind.CONFLICT


class RunNotOver(Refusal):
    """``ends_at`` among the facts."""

    code = "run_not_over"
    message = "课程还没有结束，结束后才能提交成绩。成绩可以先登记，会一直保存。"
    kind = Kind.CONFLICT


class NobodyPresent(Refusal):
    code = "nobody_present"
    message = "这一场还没有人签到，没有成绩可以提交。请先核对签到名单。"
    kind = Kind.CONFLICT


class ResultsIncomplete(Refusal):
    """``signup_ids`` among the facts are those without a complete result who were not left out either."""

    code = "results_incomplete"
    message = "还有学员的成绩没有登记完整。请补全，或勾选「未参加考核」后再提交。"
    kind = Kind.INVALID


class NotSubmitted(Refusal):
    code = "not_submitted"
    message = "这一场的成绩还没有提交，或已经退回修改，现在不能确认。"
    kind = Kind.CONFLICT


class SamePerson(Refusal):
    """Who submits does not confirm (rulings: people who decide)."""

    code = "same_person"
    message = "成绩由您提交，需要另一位复核人来确认。"
    kind = Kind.FORBIDDEN


class ExaminerNotValid(Refusal):
    """Suspended, retired, or past the refresher (feat-C4). ``instructor_id`` and ``reason`` (a due state) are facts."""

    WHAT_NOW = (
        "请本场另一位有效的师资登记，或者请运营人员登记并写明有效的考核人；已经参加复训的，请运营人员先登记复训。"
    )
    code = "examiner_not_valid"
    message = f"这位师资的资格现在无效，不能考核登记。{WHAT_NOW}"
    kind = Kind.INVALID


class ExaminerNotYou(Refusal):
    """An instructor enters what they examined themselves; naming somebody else is the operators' paper entry."""

    code = "examiner_not_you"
    message = "您登记的成绩，考核人就是您本人。别人考核的，请他本人登记，或请运营人员按纸质成绩单登记。"
    kind = Kind.INVALID


class ExaminerNotOfRun(Refusal):
    code = "examiner_not_of_run"
    message = "考核人要从这一场的师资里选。不在名单里的，请先把他加为这一场的师资。"
    kind = Kind.INVALID


class ResitRefused(Refusal):
    """Somebody passed, or has nothing yet that a re-sit could follow."""

    code = "resit_refused"
    message = "只有考核没有合格、或上一次没有参加的学员可以登记补考。"


class ResitsUsedUp(Refusal):
    """``max_resits`` of the scheme among the facts."""

    code = "resits_used_up"
    message = "这位学员的补考次数已经用完。请他再报一场，重新参加培训和考核。"


class OriginalNotSeen(Refusal):
    """Lost or left at home counts as no certificate (domain A3)."""

    code = "original_not_seen"
    message = "免考要凭有效证书的原件。请看过原件再勾选；证书遗失或当天没带的，按没有证书处理，照常考核。"
    kind = Kind.INVALID


class ExemptionTooWide(Refusal):
    code = "exemption_too_wide"
    message = "至少要考一项，不能全部免考。请留下要考的项目。"
    kind = Kind.INVALID


class NothingToCorrect(Refusal):
    code = "nothing_to_correct"
    message = "这位学员没有已经确认的成绩，或者分数没有改动。还没确认的成绩，请复核人退回后直接修改。"


class ResatElsewhere(Refusal):
    """A re-sit at a later run follows the result already; ``run_id`` of that run among the facts."""

    WHAT_NOW = (
        "请到那一场处理：补考还没有确认的，照常登记、复核；已经确认的，由运营人员在那一场更正、写明原因，"
        "沿用过去的项目也在那里改。"
    )
    code = "resat_elsewhere"
    message = f"这位学员已经在后来的一场登记了补考，成绩以那一场为准，这一场的不能再更正。{WHAT_NOW}"
    kind = Kind.CONFLICT

    @classmethod
    def at(cls, title: str, day: str) -> str:
        """Return the sentence that names the later run."""
        where = f"后来的一场（{title}，{day}）"
        return f"这位学员已经在{where}登记了补考，成绩以那一场为准，这一场的不能再更正。{cls.WHAT_NOW}"


class ThirdPersonNeeded(Refusal):
    """Who submitted or confirmed results does not review them."""

    code = "third_person_needed"
    message = "这一场的成绩是您提交或确认的，抽查要由第三个人来做。请另一位复核人处理。"
    kind = Kind.FORBIDDEN


class ReviewDone(Refusal):
    code = "review_done"
    message = "这一场已经有人抽查过了，不用再做。"


class NoteMissing(Refusal):
    code = "note_missing"
    message = "请写明有什么问题，至少两个字，例如：两名学员的操作考核没有评分表。"
    kind = Kind.INVALID
