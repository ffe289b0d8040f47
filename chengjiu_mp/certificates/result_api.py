"""JSON route of corrections of confirmed results, which ask for the certificate's revocation first."""

from flask import Blueprint

from chengjiu_mp.certificates.result_corrections import CertificateStands, correct_result
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.exams import errors
from chengjiu_mp.exams.api import grid_of
from chengjiu_mp.exams.correcting import CORRECTORS
from chengjiu_mp.exams.schemas import CorrectionIn, ResultsOut

blueprint = Blueprint("result_corrections", __name__, url_prefix="/api/v1")


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/corrections", access.roles(*CORRECTORS),
    refusals=(NotFound, errors.NoExam, errors.NotPresent, errors.NothingToCorrect, errors.ResatElsewhere,
              errors.ResultsSubmitted, errors.NotEnoughAttended, CertificateStands),
    example={"signup_id": 1, "items": {"theory": 85}, "reason": "理论卷第二页漏算"},
)  # fmt: skip
def correct(run_id: int, body: CorrectionIn) -> ResultsOut:
    """Correct a confirmed result: a new attempt in an open round, which is submitted and confirmed by two again."""
    correct_result(run_id, body, principal())
    return grid_of(run_for(principal(), run_id))
