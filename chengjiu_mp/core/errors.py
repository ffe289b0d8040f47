"""Refusals: how a rule says no.

A rule raises a named :class:`Refusal`; one place (``core/http.py``) turns it into problem+json or a page. The
sentence says what happened and what to do next; it never repeats a document number, a phone or any other input."""

from enum import Enum
from typing import Any, ClassVar


class Kind(Enum):
    """What a refusal is in HTTP terms; the value is the status code."""

    MALFORMED = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    TOO_LARGE = 413
    UNSUPPORTED = 415
    INVALID = 422
    TOO_MANY = 429
    UNEXPECTED = 500
    UNAVAILABLE = 503


class Refusal(Exception):
    """Base of all named refusals.

    Subclasses set ``code`` (stable, part of the API), ``message`` (Chinese, for people) and ``kind``. ``field`` names
    the input it is about, as a dotted path; ``facts`` are values without personal data that a client may show
    (retry_after, dates, counts)."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "暂时办不了，请稍后再试，或致电服务热线。"
    kind: ClassVar[Kind] = Kind.CONFLICT

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        self.sentence = message or self.message
        self.field = field
        self.facts = facts
        # The exception's own text is the code alone: whatever logs it can leak nothing.
        super().__init__(self.code)


class NotFound(Refusal):
    """Missing, or out of the caller's scope: both answer alike (rel-Z2)."""

    code = "not_found"
    message = "没有找到这项内容。请检查链接是否完整，或返回首页重新查找。"
    kind = Kind.NOT_FOUND


class SignInNeeded(Refusal):
    code = "sign_in_needed"
    message = "请先登录，再继续操作。"
    kind = Kind.UNAUTHORIZED


class NotAllowed(Refusal):
    code = "not_allowed"
    message = "您的账号没有这项权限。如工作需要，请联系市红十字会开通。"
    kind = Kind.FORBIDDEN


class TooMany(Refusal):
    """A limit was reached; ``retry_after`` (seconds) is among the facts."""

    code = "too_many"
    message = "操作太频繁了，请稍等一会儿再试。"
    kind = Kind.TOO_MANY


class Busy(Refusal):
    """The database could not be waited for any longer; ``retry_after`` (seconds) is among the facts."""

    code = "busy"
    message = "现在办的人多，一时没轮到，这次什么也没有改动。请过几秒再试一次。"
    kind = Kind.UNAVAILABLE


class Unsure(Refusal):
    """The database was lost at the commit: done or not, it cannot be asked now; ``retry_after`` is among the facts."""

    code = "unsure"
    message = "连接断了一下，不确定这次办成了没有。请过几秒先看看结果，没有办成再办一次。"
    kind = Kind.UNAVAILABLE


class TooLarge(Refusal):
    code = "too_large"
    message = "提交的内容太大了，请减少后再试。"
    kind = Kind.TOO_LARGE


class StaleVersion(Refusal):
    """Somebody else wrote first (rel-E2)."""

    code = "stale_version"
    message = "这份记录刚刚被别人改过，请刷新后核对再保存。"
    kind = Kind.CONFLICT
