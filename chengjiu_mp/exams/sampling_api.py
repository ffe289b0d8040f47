"""JSON routes of the share of confirmed results that a third person looks at."""

from flask import Blueprint

from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotAllowed, StaleVersion
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import Out
from chengjiu_mp.exams.sampling import EDITORS, Share, ShareIn, set_share, share_in_force

blueprint = Blueprint("exam_sampling", __name__, url_prefix="/api/v1")


class ShareOut(Out):
    """``sample_share`` 0 … 1; ``version`` 0 is the default that nobody has set."""

    version: int
    sample_share: float


@route(blueprint, "GET", "/exam-sampling", access.STAFF)
def sampling() -> ShareOut:
    """The share of confirmed results that is looked at again."""
    return _out(share_in_force())


@route(
    blueprint, "PUT", "/exam-sampling", access.roles(*EDITORS), refusals=(NotAllowed, StaleVersion),
    example={"based_on": 0, "sample_share": 0.1},
)  # fmt: skip
def set_sampling(body: ShareIn) -> ShareOut:
    """Put another share in force, for what is confirmed from now on."""
    return _out(set_share(body, principal()))


def _out(one: Share) -> ShareOut:
    return ShareOut(version=one.version, sample_share=one.sample_share)
