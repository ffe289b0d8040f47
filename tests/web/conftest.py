"""A site that shows every part with invented data."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, render_template, request
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.serving import make_server

from chengjiu_mp.core.qr import qr_svg
from chengjiu_mp.web import templating, view

WEB = Path(templating.__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
START = dt.datetime(2026, 11, 28, 6, 0, tzinfo=dt.UTC)


def _runs() -> list[dict[str, object]]:
    hours = dt.timedelta(hours=3)
    base = {"starts_at": START, "ends_at": START + hours, "url": "/home"}
    return [
        base | {"title": "心肺复苏与 AED 初级救护员班", "kind": "初级救护员", "seats_left": 12,
                "place": "澄江街道虹桥社区博爱家园二楼培训室", "counts_for": "计入：澄江街道"},
        base | {"title": "救护员持证培训", "kind": "救护员", "seats_left": 3, "state": "已报名", "tone": "ok",
                "starts_at": START - dt.timedelta(days=25, hours=5), "place": "徐霞客镇璜塘文化中心"},
        base | {"title": "“我会救”进企业：江阴高新技术产业开发区滨江东路长山工业园专场", "kind": "普及讲座",
                "seats_left": 0, "waiting": 6, "ends_at": START + dt.timedelta(days=1, hours=3),
                "place": "江阴市高新区滨江东路 1088 号长山工业园综合服务中心三号楼四层多功能厅（南门进）"},
    ]  # fmt: skip


def style_app() -> Flask:
    """A bare app: the real templates and static files, the style guide's pages, invented data."""
    app = Flask("styleguide", static_folder=str(WEB / "static"), static_url_path="/static")
    app.config["SECRET_KEY"] = "only for the style guide"
    app.jinja_loader = ChoiceLoader([FileSystemLoader(WEB / "templates"), FileSystemLoader(Path(__file__).parent)])
    CSRFProtect(app)
    templating.register(app)
    app.register_blueprint(view.blueprint)

    @app.get("/jobs/1")
    def job() -> dict[str, object]:
        return {"state": "done", "text": "做好了", "done": 40, "total": 40, "next": "/home"}

    @app.post("/slow")
    def slow() -> Response:
        app.config["PRESSES"] = app.config.get("PRESSES", 0) + 1
        return Response(status=204)

    @app.get("/<page>")
    def show(page: str) -> Response:
        names = {"console_nav": _nav(), "principal": {"account_id": 1, "name": "沈某某"}} if page == "console" else {}
        html = render_template(
            "problem.html" if page == "problem" else "styleguide.html",
            page=page,
            elder="elder" in (request.args.get("view"), request.cookies.get(view.COOKIE)),
            help_phone="0510-0000000",
            demo_note="演示环境：人名、单位都是编的" if page == "console" else "",
            current_path="/console/runs" if page == "console" else f"/{page}",
            runs=_runs(),
            start=START,
            end=START + dt.timedelta(hours=3),
            qr=qr_svg("https://example.test/i/abcdefghijklmnopqrstuvwxyz", label="签到码"),
            shell="console.html" if page == "console" else "base.html",
            **(_problem() if page == "problem" else {"title": "江阴应急救护培训", "back": "/home"}),
            **names,
        )
        return Response(html, headers={"Content-Security-Policy": POLICY})

    return app


NAV = {
    "总览": "/console", "场次": "/console/runs", "名单与审核": "/console/signups", "成绩确认": "/console/results",
    "证书": "/console/certificates", "师资": "/console/instructors", "任务": "/console/targets",
    "单位与人员": "/console/units", "设置": "/console/settings", "消息": "/console/messages", "审计": "/console/audit",
}  # fmt: skip


def _nav() -> list[dict[str, object]]:
    return [{"label": word, "href": NAV[word], "count": 12 if word == "成绩确认" else 0} for word in NAV]


def _problem() -> dict[str, object]:
    return {
        "title": "这页打不开",
        "sentence": "这个链接已经用不了了。",
        "advice": "可能是场次取消了，或者链接抄漏了一位。请重新扫一次海报上的二维码，或到首页找场次。",
        "reference": "7F3K-20Q8",
        "links": [{"href": "/", "words": "回首页找场次"}, {"href": "tel:05100000000", "words": "打电话问"}],
    }


@pytest.fixture(scope="session")
def style_site() -> Iterator[str]:
    """The address of the style guide, served on this machine for the session."""
    server = make_server("127.0.0.1", 0, style_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
