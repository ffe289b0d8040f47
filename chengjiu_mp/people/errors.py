"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class ConsentMissing(Refusal):
    """A required notice was not agreed to in its current version; ``purposes`` among the facts names which."""

    code = "consent_missing"
    message = "还有须知没有勾选同意。请阅读后勾选，再提交。"
    kind = Kind.INVALID


class NoticeTooShort(Refusal):
    code = "notice_too_short"
    message = "告知书的内容太短。请写明收集什么、用来做什么、保存多久、怎样撤回。"
    kind = Kind.INVALID


class NoticeUnchanged(Refusal):
    code = "notice_unchanged"
    message = "草稿和现行版本一样，不用发布新版本。请先修改草稿，或删去草稿。"
    kind = Kind.CONFLICT
