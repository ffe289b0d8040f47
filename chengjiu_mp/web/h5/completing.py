"""补填: who left a phone number at the door says who they are, on their own phone (feat-N19)."""

from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from chengjiu_mp.checkin import provisional
from chengjiu_mp.checkin.models import ProvisionalCheckIn
from chengjiu_mp.core import limits
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.courses import queries
from chengjiu_mp.courses.signup_reading import By
from chengjiu_mp.people.documents import DocType
from chengjiu_mp.people.phones import mask_phone
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.web.h5 import entering, signup_form
from chengjiu_mp.web.h5.run_words import card
from chengjiu_mp.web.h5.signup_form import Form

blueprint = Blueprint("completing", __name__)

# More than anybody mistypes; whoever tries other people's documents to see which are signed up needs many.
_TRIES, _TRIES_SECONDS = 20, 3600


@blueprint.get("/b/<token>")
@access(PUBLIC)
def form(token: str) -> str:
    """Show the form, or that it is done."""
    return _page(token, signup_form.blank(), None)


@blueprint.post("/b/<token>")
@access(PUBLIC)
def send(token: str) -> str | Response | tuple[str, int]:
    """Complete it and open the ticket; or the form again with everything kept."""
    given, row_id = signup_form.blank(), provisional.by_token(token).id
    try:
        given = signup_form.read()
        limits.spend(Limit(f"complete:{row_id}", _TRIES, _TRIES_SECONDS))
        kept = entering.once(None, lambda device: _completed(row_id, given, device))
    except Refusal as refusal:
        return _page(token, given, refusal), refusal.kind.value
    return entering.to_ticket(kept)


def _completed(row_id: int, given: Form, device: int) -> dict[str, str]:
    made = provisional.complete(row_id, given.entries[0], by=By("page", device, None))
    return {"ticket": made.ticket_token}


def _page(token: str, given: Form, refusal: Refusal | None) -> str:
    row = provisional.by_token(token)
    found, notices = queries.run_with_seats(provisional.run_of(row).id), list(current_notices())
    return render_template(
        "h5/completing.html", title="补填信息", back="/me", card=card(found), page=given.page, notices=notices,
        errors=signup_form.errors_of(refusal, given, notices), syllabus=found.run.syllabus, token=token,
        doc_types=[("", "自动识别"), *((one.value, one.label) for one in DocType)], came=_came(row),
    )  # fmt: skip


def _came(row: ProvisionalCheckIn) -> dict[str, Any] | None:
    """Return when and with which number they came, None once it has ended."""
    if row.ended_at is not None:
        return None
    return {"at": row.came_at, "phone": mask_phone(provisional.phone_of(row)), "name": row.name}


def links_for(phone_index: bytes | None) -> list[dict[str, str]]:
    """Return what waits for the holder of a phone, for 我的."""
    rows = provisional.open_for_phone(phone_index) if phone_index else ()
    return [
        {
            "href": url_for("completing.form", token=provisional.token_of(row)),
            "label": f"补填信息：{row.name}" if row.name else "补填信息",
            "note": provisional.run_of(row).title,
        }
        for row in rows
    ]
