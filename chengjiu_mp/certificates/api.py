"""JSON routes of certificates: confirming issues them, holders find them, anybody verifies them."""

from urllib.parse import quote

from flask import Blueprint, Flask, Response

from chengjiu_mp.certificates import errors, lookup, passes, schemas, verifying, verifying_many
from chengjiu_mp.certificates.earlier import earlier_of_people
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.queries import Seen, certificates_of_people
from chengjiu_mp.certificates.rendering import Studio, use_studio
from chengjiu_mp.certificates.showing import certificate_out, earlier_out, seen_by, verify_out, waiting_out
from chengjiu_mp.certificates.waiting import number_waiting, waiting_of_people
from chengjiu_mp.core import access, asking, storage
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import end_read, unit_of_work
from chengjiu_mp.core.errors import NotFound, TooMany
from chengjiu_mp.core.http import route
from chengjiu_mp.exams.errors import NotSubmitted, SamePerson
from chengjiu_mp.people.phones import PhoneRefused
from chengjiu_mp.signin import codes
from chengjiu_mp.signin.errors import CodeWrong, NoSms

blueprint = Blueprint("certificates", __name__, url_prefix="/api/v1")

APPROVER = access.roles("approver")
# A picture takes seconds; one that waits for a font waits for a person.
WAIT_SECONDS = {"waiting": 3, "ready": 60, "missing_glyphs": 3600}


def init_app(app: Flask) -> None:
    """Register the routes, and set up where the pictures are drawn."""
    app.register_blueprint(blueprint)
    settings = app.config["SETTINGS"]
    use_studio(Studio(settings.font_dirs, "示例" if settings.demo else None))


@route(
    blueprint, "POST", "/runs/<row:run_id>/results/confirm", APPROVER,
    refusals=(NotFound, NotSubmitted, SamePerson),
)  # fmt: skip
def confirm_results(run_id: int) -> schemas.ConfirmedOut:
    """Confirm a run's results and issue its certificates, in one transaction. Again: the same answer, nothing new."""
    issued = confirm(run_id, principal())
    certificates = [schemas.IssuedOut(id=one.id, number=one.number) for one in issued]
    return schemas.ConfirmedOut(certificates=certificates, waiting=number_waiting(run_id))


@route(blueprint, "GET", "/certificates/<row:certificate_id>", access.PUBLIC, refusals=(NotFound,))
def certificate(certificate_id: int, query: schemas.PictureQuery) -> schemas.CertificateOut:
    """A certificate, for its holder (by a look-up's key) and for staff in scope; nobody else learns that it exists."""
    seen = seen_by(principal(), certificate_id, query.key)
    return certificate_out(seen, query.key if passes.opens(certificate_id, query.key) else "")


@route(blueprint, "GET", "/certificates/<row:certificate_id>/image", access.PUBLIC, refusals=(NotFound,))
def image(certificate_id: int, query: schemas.PictureQuery) -> Response:
    """The picture (JPEG, A4 at 300 dpi), or 202 with Retry-After while it is being made."""
    seen = seen_by(principal(), certificate_id, query.key, picture=True)
    return picture_reply(seen)


def picture_reply(seen: Seen) -> Response:
    """Return the stored file, or "come back"."""
    state, number = seen.version.picture_state, seen.certificate.number
    path = storage.media().path(seen.version.file) if seen.version.file else None
    end_read()
    if state != "ready" or path is None or not path.exists():
        return Response(status=202, headers={"Retry-After": str(WAIT_SECONDS[state])})
    reply = Response(path.read_bytes(), mimetype="image/jpeg")
    reply.headers["Content-Disposition"] = f"inline; {file_name(number)}"
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


def file_name(number: str, ending: str = ".jpg") -> str:
    """Return a file's name for a header; signs that a header cannot hold are written as RFC 5987 says."""
    if number.isascii():
        return f'filename="{number}{ending}"'
    return f"filename=\"certificate{ending}\"; filename*=UTF-8''{quote(number, safe='')}{ending}"


def _count_start(body: schemas.LookupIn) -> None:
    document = f"{body.doc_type}|{body.doc_number}" if body.doc_number else ""
    lookup.spend_start(body.phone, asking.network(), principal().device_id, body.name, document)


@route(
    blueprint, "POST", "/certificates/lookup", access.PUBLIC, status=202, before=_count_start,
    refusals=(PhoneRefused, NoSms, TooMany), example={"phone": "13900000001", "name": "张三"},
)  # fmt: skip
def start_lookup(body: schemas.LookupIn) -> schemas.LookupStarted:
    """Start looking up one's own certificates. The reply is the same for known and unknown people; a code is sent only
    to a phone that was proved to be a person's."""
    return schemas.LookupStarted(challenge_id=lookup.start(body.phone))


@route(
    blueprint, "POST", "/certificates/lookup/answer", access.PUBLIC, transaction=False,
    refusals=(CodeWrong, errors.NameDiffers, TooMany),
    example={"challenge_id": "…", "code": "123456", "name": "张三"},
)  # fmt: skip
def answer_lookup(body: schemas.LookupAnswer) -> schemas.LookupOut:
    """Answer with the code and the printed name; the list is one's own certificates."""
    phone = codes.prove(body.challenge_id, body.code, lookup.PURPOSE)
    with unit_of_work():
        people = lookup.people_named(phone, body.name)
    found = [certificate_out(one, passes.key_of(one.certificate.id, phone)) for one in certificates_of_people(people)]
    earlier = [earlier_out(one) for one in earlier_of_people(people)]
    return schemas.LookupOut(
        certificates=found, earlier=earlier, waiting=[waiting_out(one) for one in waiting_of_people(people)],
        pass_token=passes.pass_for(people, phone), expires_in=passes.LIFE_SECONDS,
    )  # fmt: skip


@route(blueprint, "GET", "/verify/<token>", access.PUBLIC, refusals=(errors.CertificateUnknown, errors.SampleCode))
def verify(token: str) -> schemas.VerifyOut:
    """What the certificate of a code is worth today: 200 for the four states, 404 for a code that is none of ours."""
    return verify_out(verifying.by_token(token))


def _count_token(token: str, **_: schemas.NameIn) -> None:
    lookup.spend_name("token", token, asking.network())


@route(
    blueprint, "POST", "/verify/<token>/name", access.PUBLIC, before=_count_token,
    refusals=(errors.CertificateUnknown, errors.SampleCode, TooMany), example={"name": "张三"},
)  # fmt: skip
def verify_name(token: str, body: schemas.NameIn) -> schemas.NameMatch:
    """核对姓名: whether the name is the one printed, and nothing else."""
    return schemas.NameMatch(match=lookup.reads_as(body.name, verifying.by_token(token).version.name))


def _count_number(body: schemas.NumberAndName) -> None:
    lookup.spend_name("number", verifying.tidy_number(body.number), asking.network())


@route(
    blueprint, "POST", "/verify", access.PUBLIC, before=_count_number,
    refusals=(errors.CertificateUnknown, errors.YearIncomplete, TooMany),
    example={"number": "JYA202600001", "name": "张三"},
)  # fmt: skip
def verify_number(body: schemas.NumberAndName) -> schemas.NameMatch:
    """What the certificate of this number is worth, told to who knows the name on it."""
    seen = verifying.by_number(body.number, body.name)
    return schemas.NameMatch(match=seen is not None, certificate=verify_out(seen) if seen else None)


@route(
    blueprint, "POST", "/verify/batch", access.PUBLIC, transaction=False,
    refusals=(errors.NothingToVerify, errors.TooManyLines, TooMany),
    example={"lines": [{"number": "JYA202600001", "name": "张三"}]},
)  # fmt: skip
def verify_batch(body: schemas.LinesIn) -> schemas.LinesOut:
    """Verify up to 200 certificates by number and name; what is wrong is said, never what would be right."""
    asked = verifying_many.asked_of((one.number, one.name) for one in body.lines)
    answers = verifying_many.verify_lines(asked, asking.network())
    return schemas.LinesOut(
        items=[
            schemas.LineOut(number=one.asked.number, code=one.code, words=one.words, record=one.record)
            for one in answers
        ]
    )


def _count_record(body: schemas.RecordIn) -> None:  # noqa: ARG001  a limit is told what the view is given
    verifying_many.spend_record(asking.network())


@route(
    blueprint, "POST", "/verify/record", access.PUBLIC, before=_count_record, refusals=(TooMany,),
    example={"record": "2026-11-23 核验：张三 JYA202600001 有效，姓名一致（回执 ABCD-EFGH）"},
)  # fmt: skip
def verify_record(body: schemas.RecordIn) -> schemas.RecordOut:
    """Whether a kept line is what we answered on its day, to the letter."""
    return schemas.RecordOut(ours=verifying_many.is_ours(body.record))
