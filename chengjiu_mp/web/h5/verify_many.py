"""成批核验 for employers: paste a list, keep the answers; and later whether a kept line is ours."""

from flask import Blueprint, Response, render_template, request
from pydantic import Field

from chengjiu_mp.certificates import verifying_many
from chengjiu_mp.certificates.verifying_many import Answered
from chengjiu_mp.core import asking
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, from_pairs
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5.verify import private

blueprint = Blueprint("verify_many", __name__, url_prefix="/verify")

# As the states' own page says them.
TONES = {"valid": "ok", "expired": "warn", "revoked": "bad", "corrected": "warn", "later": "warn", "unreadable": "warn",
         "year_incomplete": "warn"}  # fmt: skip
# Two hundred lines of the longest names and numbers.
LONGEST = 60_000


class ManyPage(In):
    lines: str = Field("", max_length=LONGEST)


class RecordPage(In):
    record: str = Field("", max_length=500)


@blueprint.get("/many")
@access(PUBLIC)
def form() -> Response:
    """Ask for the list."""
    return _page("", {})


@blueprint.post("/many")
@access(PUBLIC)
def send() -> Response:
    """Answer each line; nothing of it is kept here."""
    given = ManyPage.model_validate({})
    try:
        given = from_pairs(ManyPage, request.form, ignore=forms.IGNORED)
        answers = verifying_many.verify_lines(verifying_many.read_lines(given.lines), asking.network())
    except Refusal as refusal:
        return _page(given.lines, forms.errors(refusal, "lines"), status=refusal.kind.value)
    return _page(given.lines, {}, answers)


@blueprint.get("/record")
@access(PUBLIC)
def record_form() -> Response:
    """Ask for a kept line."""
    return _record_page("", None, {})


@blueprint.post("/record")
@access(PUBLIC)
def record() -> Response:
    """Say whether a kept line is what we answered."""
    given = RecordPage.model_validate({})
    try:
        given = from_pairs(RecordPage, request.form, ignore=forms.IGNORED)
        forms.need(given, record="请粘贴保存的那一行核验记录。")
        verifying_many.spend_record(asking.network())
    except Refusal as refusal:
        return _record_page(given.record, None, forms.errors(refusal, "record"), refusal.kind.value)
    return _record_page(given.record, verifying_many.is_ours(given.record), {})


def _page(lines: str, errors: dict[str, str], answers: list[Answered] | None = None, status: int = 200) -> Response:
    rows = [{"of": one, "tone": TONES.get(one.code, "bad")} for one in answers or ()]
    kept = "\n".join(one.record for one in answers or () if one.record)
    good = sum(one.code == "valid" for one in answers or ())
    html = render_template(
        "h5/verify_many.html", title="成批核验", back="/verify", lines=lines, errors=errors, rows=rows, kept=kept,
        good=good, most=verifying_many.MOST,
    )  # fmt: skip
    return private(html, status)


def _record_page(record: str, ours: bool | None, errors: dict[str, str], status: int = 200) -> Response:
    html = render_template(
        "h5/verify_record.html", title="核对核验记录", back="/verify/many", record=record, ours=ours, errors=errors
    )
    return private(html, status)
