"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class ConsentMissing(Refusal):
    """A required notice was not agreed to in its current version; ``purposes`` among the facts names which."""

    code = "consent_missing"
    message = "还有须知没有勾选同意。请阅读后勾选，再提交。"
    kind = Kind.INVALID


class ErasedMeanwhile(Refusal):
    """The person's data was erased while this was being written: sent once more, it is a new person's."""

    code = "erased_meanwhile"
    message = "这位的信息刚好在这时被删除了，这次没有提交成功。还要报名，请再提交一次。"
    kind = Kind.CONFLICT


class NoticeTooShort(Refusal):
    code = "notice_too_short"
    message = "告知书的内容太短。请写明收集什么、用来做什么、保存多久、怎样撤回。"
    kind = Kind.INVALID


class NoticeUnchanged(Refusal):
    code = "notice_unchanged"
    message = "草稿和现行版本一样，不用发布新版本。请先修改草稿，或删去草稿。"
    kind = Kind.CONFLICT


class RelationMissing(Refusal):
    code = "relation_missing"
    message = "请选择监护人和孩子的关系。"
    kind = Kind.INVALID


class NotTheGuardian(Refusal):
    """A code proved another phone than the one the guardian was named with."""

    code = "not_the_guardian"
    message = "这个验证码不是发到监护人手机上的。请用监护人的手机重新获取验证码。"
    kind = Kind.INVALID


class GuardianConsentEnded(Refusal):
    """Withdrawn: agreeing again begins with a new sign-up."""

    code = "guardian_consent_ended"
    message = "监护人已经撤回同意，这次报名已经结束。想再参加，请重新报名。"


class PaperReferenceMissing(Refusal):
    code = "paper_reference_missing"
    message = "请填写纸质同意书的编号，方便以后查到原件。"
    kind = Kind.INVALID
