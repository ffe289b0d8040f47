"""What operations ask: alive, ready, and figures. No personal data."""

import time

from flask import Blueprint, Flask, Response, current_app, g
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select

from chengjiu_mp.core import access, asking, clock, limits
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.web import pulse

blueprint = Blueprint("ops", __name__)

JOB_STATES = ("queued", "running", "done", "dead")


class Figures:
    """This process's counters; figures of the database are read when asked for, so any one process answers for all."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        where = ["method", "route", "status"]
        self.requests = Counter("chengjiu_requests_total", "Requests answered.", where, registry=self.registry)
        self.seconds = Histogram("chengjiu_request_seconds", "Time to answer.", ["route"], registry=self.registry)
        self.jobs = Gauge("chengjiu_jobs", "Jobs by state.", ["state"], registry=self.registry)
        self.oldest = Gauge("chengjiu_oldest_job_seconds", "Age of the oldest waiting job.", registry=self.registry)
        self.limits = Gauge("chengjiu_limits", "Limit counters kept.", registry=self.registry)
        self.skew = Gauge(
            "chengjiu_clock_skew_seconds", "A process's clock ahead of the database's.", ["process"],
            registry=self.registry,
        )  # fmt: skip
        self.database = Gauge("chengjiu_database_up", "Whether the database answers.", registry=self.registry)
        # What is counted, looked up once: finding it by its labels takes longer than counting.
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        found = self._answered.get((method, route, status))
        if found is None:
            found = self.requests.labels(method, route, status), self.seconds.labels(route)
            self._answered[method, route, status] = found
        found[0].inc()
        found[1].observe(seconds)


def init_app(app: Flask) -> None:
    """Count requests from now on."""
    figures = app.extensions["figures"] = Figures()

    @app.after_request
    def count(reply: Response) -> Response:
        now = asking.asked()
        route = now.url_rule.rule if now.url_rule else "unmatched"
        method = now.method if now.method in _METHODS else "OTHER"
        figures.count(method, route, reply.status_code, time.perf_counter() - g.began)
        return reply


_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


@blueprint.get("/healthz")
@access.access(access.PUBLIC)
def healthz() -> dict[str, str]:
    """Say that this process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@access.access(access.PUBLIC)
def readyz() -> tuple[dict[str, str], int]:
    """Say what works; 503 only without the database, because pages work without the rest."""
    parts = pulse.state()
    whole = all(state == "ok" for state in parts.values())
    return {"status": "ok" if whole else "degraded", **parts}, 503 if parts["database"] == "down" else 200


@blueprint.get("/metrics")
@access.access(access.PUBLIC)
def metrics() -> Response:
    """Return the figures for Prometheus."""
    figures: Figures = current_app.extensions["figures"]
    up = pulse.database_answers()
    figures.database.set(up)
    if up:
        _read_jobs(figures)
        figures.limits.set(limits.active())
        _read_clocks(figures)
    return Response(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)


def _read_jobs(figures: Figures) -> None:
    counts = dict(db.session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
    for state in JOB_STATES:
        figures.jobs.labels(state).set(counts.get(state, 0))
    oldest = db.session.scalar(select(func.min(Job.created_at)).where(Job.state == "queued"))
    # Another process's clock may be ahead of ours.
    figures.oldest.set(max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0)


def _read_clocks(figures: Figures) -> None:
    figures.skew.labels("web").set(pulse.measured("web"))
    worker = pulse.worker_skew()
    if worker is None:
        # An old figure would hide that nobody knows.
        figures.skew.remove("worker")
    else:
        figures.skew.labels("worker").set(worker)
