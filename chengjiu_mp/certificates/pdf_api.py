"""The PDF of one certificate, for its holder and for staff in scope."""

from flask import Blueprint, Flask, Response

from chengjiu_mp.certificates import schemas
from chengjiu_mp.certificates.api import file_name, picture_reply
from chengjiu_mp.certificates.pdf import certificate_pdf
from chengjiu_mp.certificates.printing_making import use_font_dirs
from chengjiu_mp.certificates.queries import Seen
from chengjiu_mp.certificates.rendering import face_of
from chengjiu_mp.certificates.showing import seen_by
from chengjiu_mp.core import access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route

blueprint = Blueprint("certificate_pdf", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    """Register the route, and tell print files where fonts lie."""
    app.register_blueprint(blueprint)
    use_font_dirs(app.config["SETTINGS"].font_dirs)


@route(blueprint, "GET", "/certificates/<row:certificate_id>/pdf", access.PUBLIC, refusals=(NotFound,))
def pdf(certificate_id: int, query: schemas.PictureQuery) -> Response:
    """The certificate as a PDF (A4, words that can be searched), or 202 with Retry-After while its picture is made."""
    return pdf_reply(seen_by(principal(), certificate_id, query.key, picture=True))


def pdf_reply(seen: Seen, *, save: bool = False) -> Response:
    """Return the file, or "come back"; ``save`` offers it for keeping."""
    face = face_of(seen.version)
    reply = picture_reply(seen)
    if reply.status_code == 200:
        reply.set_data(certificate_pdf(face, reply.get_data()))
        reply.mimetype = "application/pdf"
        way = "attachment" if save else "inline"
        reply.headers["Content-Disposition"] = f"{way}; {file_name(face.number, '.pdf')}"
    return reply
