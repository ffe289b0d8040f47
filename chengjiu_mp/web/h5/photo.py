"""证书照片 from the ticket: the holder sends a picture where the certificate has a place for it, and sees it again."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.certificates import holder_photos
from chengjiu_mp.core import photos
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.courses.api import spend_correction_limits
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signup_queries import signup_by_ticket

blueprint = Blueprint("photo", __name__)


@blueprint.get("/i/<token>/photo")
@access(PUBLIC)
def page(token: str) -> str:
    """Ask for the picture, or show the one that is there."""
    return _page(token)


@blueprint.post("/i/<token>/photo")
@access(PUBLIC)
def send(token: str) -> AnyResponse | tuple[str, int]:
    """Take the picture."""
    signup_id = signup_by_ticket(token).id
    try:
        spend_correction_limits()
        portrait = read_upload()
        with unit_of_work():
            holder_photos.put_photo(signup_id, portrait, principal())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(token, refusal.sentence), refusal.kind.value
    return redirect(url_for(".page", token=token), 303)


@blueprint.get("/i/<token>/photo.jpg")
@access(PUBLIC)
def picture(token: str) -> Response:
    """The holder's picture, to who holds the ticket."""
    return photo_reply(signup_by_ticket(token).id)


def read_upload() -> photos.Photo:
    """Return the form's picture as a portrait; slow, so nothing is open meanwhile.

    :raise PhotoRefused: what is wrong with it
    """
    given = request.files.get("photo")
    content = given.stream.read(photos.MAX_BYTES + 1) if given is not None and given.filename else b""
    end_read()
    return photos.read_portrait(content)


def photo_reply(signup_id: int) -> Response:
    """Return a sign-up's picture. :raise NotFound: there is none"""
    data = holder_photos.photo_of(signup_id)
    if data is None:
        raise NotFound
    return Response(data, mimetype=photos.MIME, headers={"Cache-Control": "private, no-store"})


@blueprint.app_template_global("photo_wanted")
def _wanted(signup: Signup) -> bool:
    return signup.erased_at is None and holder_photos.may_send(signup)


def _page(token: str, problem: str = "") -> str:
    signup = signup_by_ticket(token)
    if not holder_photos.may_send(signup) and not holder_photos.have_photos([signup.id]):
        raise NotFound
    return render_template(
        "h5/photo.html", title="证书照片", back=url_for("tickets.ticket", token=token), signup=signup,
        open=holder_photos.may_send(signup), there=bool(holder_photos.have_photos([signup.id])),
        picture=url_for(".picture", token=token), errors={"photo": problem} if problem else {},
    )  # fmt: skip
