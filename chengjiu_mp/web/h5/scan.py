"""The scan page, and what makes it work without network: its worker, the service worker, the fallback page."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.checkin import messages, policy, queries
from chengjiu_mp.checkin.answers import answer_of
from chengjiu_mp.checkin.attended import syllabus_of
from chengjiu_mp.checkin.device_api import MAY_HELP, door
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.parsing import In, RowId, from_pairs
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.web import forms
from chengjiu_mp.web.h5 import kept_page
from chengjiu_mp.web.h5.teach import phase_at

blueprint = Blueprint("scan", __name__)

# The decoder compiles WebAssembly, in the worker and nowhere else: this response alone allows it.
WORKER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
OWN = (
    "app.css", "app.js", "checklist.css", "checklist.js", "checklist-beat.js", "checklist-list.js",
    "checklist-score.js", "checklist-store.js", "checklist-sync.js", "offline.js", "phone-base.js", "scan.css",
    "scan.js", "scan-camera.js", "scan-check.js", "scan-guess.js", "scan-left.js", "scan-names.js", "scan-pin.js",
    "scan-roster.js", "scan-signals.js", "scan-signout.js", "scan-store.js", "scan-sync.js", "scan-unit.js",
    "scan-vault.js", "icons/favicon.svg",
)  # fmt: skip
# By name, so that a new version is a new address; absent where the decoder could not be installed.
DECODER = ("vendor/zxing-reader-3.1.4.js", "vendor/zxing_reader-3.1.4.wasm")
_JAVASCRIPT = "text/javascript; charset=utf-8"


class ScanQuery(In):
    meeting: RowId | None = None
    last: RowId | None = None


class CodePageIn(In):
    code: str = Field(default="", max_length=500)
    meeting_id: RowId
    nonce: str = Field(min_length=8, max_length=64, pattern=r"^[a-z2-7]+$")


@blueprint.get("/teach/runs/<row:run_id>/scan")
@access(MAY_HELP)
def page(run_id: int) -> Response:
    """Show the camera, the answer, and the code field that always works. No names: this page is kept on the phone."""
    asked = from_pairs(ScanQuery, request.args)
    at = door(run_id)
    run = at.run
    meeting = queries.meeting_of(run.id, asked.meeting)
    meetings = queries.meetings_of(run.id)
    until = kept_until(meetings).isoformat()
    return _kept_page(render_template(
        "h5/scan.html", title="扫码签到", back=url_for("teach.roster", run_id=run.id), run=run, meeting=meeting,
        meetings=meetings, until=until, figures=queries.counts(run.id, meeting.id), phase=phase_at(at, meeting),
        opens=policy.opens_at(meeting), nonce=ids.new_token(), tones=messages.TONES, words=messages.WORDS,
        last=answer_of(run, asked.last, at.by) if asked.last else None, limited=at.limited,
        exits=not at.limited and syllabus_of(run).exit_scan,
    ), until)  # fmt: skip


def _kept_page(html: str, until: str) -> Response:
    """Return a page that may use the camera, with when the phone is to drop it."""
    reply = make_response(html)
    reply.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
    reply.headers["X-Kept-Until"] = until
    return reply


def kept_until(meetings: Sequence[Meeting]) -> datetime:
    """Return from when on a phone keeps neither names nor this page: the day after the run's last meeting begins."""
    last = max(meeting.ends_at for meeting in meetings)
    return clock.at_local(clock.day_of(last) + timedelta(days=1))


@blueprint.post("/teach/runs/<row:run_id>/scan")
@access(MAY_HELP)
def typed(run_id: int) -> AnyResponse:
    """Check in by a typed code, without script."""
    given = from_pairs(CodePageIn, request.form, ignore=forms.IGNORED)
    if not given.code:
        return redirect(url_for("scan.page", run_id=run_id, meeting=given.meeting_id), 303)
    scan = ScanIn(
        nonce=given.nonce, ticket=given.code, meeting_id=given.meeting_id, scanned_at=clock.now(), source="code"
    )
    with unit_of_work():
        answer = record_scans(run_id, [scan], principal())[0]
    return redirect(url_for("scan.page", run_id=run_id, meeting=given.meeting_id, last=answer.scan_id), 303)


@blueprint.get("/teach/offline")
@access(PUBLIC)
def offline() -> str:
    """Say what still works, where a page was asked for that this phone has not kept."""
    return render_template("h5/offline.html", title="没有网络", back="/teach/")


@blueprint.get("/teach/app.webmanifest")
@access(PUBLIC)
def manifest() -> Response:
    """Let the instructor's pages be put on the home screen; without network they lead to what the phone has kept."""
    return kept_page.manifest("澄救 · 现场签到", "签到", url_for("teach.today"), url_for("teach.today"), "#ffffff")


@blueprint.get("/scan-worker.js")
@access(PUBLIC)
def worker() -> Response:
    """Send the decoder's worker under its own policy."""
    reply = Response((_static() / "scan-worker.js").read_bytes(), content_type=_JAVASCRIPT)
    reply.headers["Content-Security-Policy"] = WORKER_POLICY
    reply.headers["Cache-Control"] = "no-cache"
    return reply


@blueprint.get("/sw.js")
@access(PUBLIC)
def service_worker() -> Response:
    """Send the service worker; its cache is named for the content it holds."""
    folder = _static()
    files = [name for name in (*OWN, *DECODER) if (folder / name).is_file()]
    listed = [url_for("static", filename=name) for name in files] + [url_for("scan.worker"), url_for("scan.offline")]
    head = f"const VERSION = {json.dumps(_version(folder, tuple(files)))};\nconst FILES = {json.dumps(listed)};\n"
    reply = Response(head + (folder / "sw.js").read_text(), content_type=_JAVASCRIPT)
    reply.headers["Cache-Control"] = "no-cache"
    return reply


def _static() -> Path:
    return Path(str(current_app.static_folder))


@cache
def _version(folder: Path, files: tuple[str, ...]) -> str:
    templates = folder.parent / "templates"
    parts = [folder / name for name in (*files, "sw.js", "scan-worker.js")]
    parts += [
        templates / name
        for name in ("base.html", "h5/offline.html", "h5/scan.html", "h5/checklist.html", "h5/checklist_one.html")
    ]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]
