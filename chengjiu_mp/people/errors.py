"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class ConsentMissing(Refusal):
    """A required notice was not agreed to in its current version; ``purposes`` among the facts names which."""

    code = "consent_missing"
    message = "还有须知没有勾选同意。请阅读后勾选，再提交。"
    kind = Kind.INVALID
