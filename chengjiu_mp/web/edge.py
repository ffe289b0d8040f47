"""What every page shares: globals, refusals with the next step, the way to sign in, one log line a request."""

import logging
import time
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from chengjiu_mp.core import asking, context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.web import forms, templating, view
from chengjiu_mp.web.admin import nav
from chengjiu_mp.web.admin.certificate_sections import sections

log = logging.getLogger("chengjiu_mp.request")
blueprint = Blueprint("edge", __name__)

DEMO_NOTE = "演示环境：人名、单位都是编的"

# By code, else by status: the title, and what to do now.
_ADVICE: dict[str | int, tuple[str, str]] = {
    "form_expired": ("请再提交一次", "回到刚才那一页，刷新后重新提交就可以了；已经提交成功的内容不会丢。"),
    "too_many": ("请稍等一会儿", "不用反复点，过一会儿再试就行；着急可以打电话问。"),
    "device_revoked": ("不能再签到了", "老师重新邀请，或在这台手机上登录，就能接着签，没上传的会自动补传。"),
    "invitation_over": ("邀请已经失效", "已经加入过的手机不受影响，仍可继续签到。"),
    "not_allowed": ("这一页您看不了", "如果您有别的账号，可以换一个账号登录。"),
    "stale_version": ("内容有更新", "请回到刚才那一页，刷新后核对再保存。"),
    400: ("没有看懂这次提交", "请回到刚才那一页重新提交。"),
    401: ("请先登录", "登录后会回到这一页。"),
    403: ("这一页您看不了", "如有需要，请打电话问工作人员。"),
    404: ("没有找到这一页", "从海报或证书来的，请再扫一次二维码。"),
    413: ("内容太大了", "请减少内容或换小一点的文件，再提交一次。"),
    422: ("有内容要修改", "请回到刚才那一页，按提示修改后再提交。"),
    500: ("这一步没有办成", ""),
    "busy": ("请再试一次", "回到刚才那一页，刷新后再提交；填过的内容没有存下。着急可以打电话问。"),
    "unsure": ("请看看办成了没有", "回到刚才那一页，刷新看看；报名的可以在“我的”里看。着急可以打电话问。"),
}
_OTHERWISE = ("这一步没有办成", "请回到刚才那一页看看最新情况，或打电话问工作人员。")


def init_app(app: Flask) -> None:
    """Install the pages' globals and the page of a refusal."""
    templating.register(app)
    app.extensions["edge"].render_page = render_refusal
    app.context_processor(_shared)
    app.after_request(_log)
    app.register_blueprint(view.blueprint)
    app.register_blueprint(blueprint)


def render_refusal(refusal: Refusal, status: int) -> Response:
    """Return a refusal as a page that says what happened and what to do; who must sign in is sent there."""
    if status == 401 and refusal.code != "device_revoked":
        return _made(redirect(sign_in_address(), 303))
    title, advice = _ADVICE.get(refusal.code) or _ADVICE.get(status) or _OTHERWISE
    if status == 429 and "retry_after" in refusal.facts:
        advice = f"请过{forms.wait_words(int(refusal.facts['retry_after']))}再试。"
    page = render_template(
        "problem.html", title=title, sentence=refusal.sentence, advice=advice, links=_links(refusal),
        reference=context.request_id() if status >= 500 else "",
    )  # fmt: skip
    reply = Response(page, status)
    if "retry_after" in refusal.facts:
        reply.headers["Retry-After"] = str(refusal.facts["retry_after"])
    return reply


def sign_in_address() -> str:
    """Return where to sign in for this page, and come back to it."""
    place = "signin_desk.form" if request.path.startswith("/console") else "signin.form"
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return url_for(place) + (f"?{urlencode({'next': back})}" if back else "")


def _made(reply: AnyResponse) -> Response:
    assert isinstance(reply, Response)  # noqa: S101  Flask's redirect makes Flask's response
    return reply


def _links(refusal: Refusal) -> list[dict[str, str]]:
    help_phone = current_app.config["SETTINGS"].help_phone
    desk = request.path.startswith("/console") and nav.items(context.principal())
    home = {"href": "/console/", "words": "回工作台"} if desk else {"href": "/", "words": "回首页"}
    links = [home, {"href": f"tel:{help_phone}", "words": "打电话问"}]
    if refusal.code == "device_revoked":
        links.insert(0, {"href": sign_in_address(), "words": "老师登录"})
    came_from = _came_from()
    if came_from and refusal.code not in ("not_found", "not_allowed"):
        links.insert(0, {"href": came_from, "words": "回到刚才那一页"})
    if refusal.code == "not_allowed":
        links.insert(0, {"href": url_for("signin.form", switch=1, next=request.path), "words": "换个账号登录"})
    return links


def _came_from() -> str:
    """Return the local path of the page that sent the form, empty when there is none."""
    if request.method == "GET" or not (request.referrer or "").startswith(request.host_url):
        return ""
    return view.own_path("/" + (request.referrer or "").removeprefix(request.host_url))


def _shared() -> dict[str, object]:
    settings, caller = current_app.config["SETTINGS"], context.principal()
    console = request.path.startswith("/console")
    return {
        "help_phone": settings.help_phone,
        "principal": caller,
        "demo_note": DEMO_NOTE if settings.demo else "",
        "console_nav": nav.items(caller) if console else [],
        # Asked for by the console's own pages alone: a page that says what went wrong must not ask the database.
        "certificate_sections": partial(sections, caller, request.path),
        "signout_url": url_for("signin.sign_out"),
        "mini_codes": console and settings.wechat is not None,
    }


def _log(reply: Response) -> Response:
    # The rule, never the path: paths hold tokens.
    now = asking.asked()
    rule, spent = now.url_rule.rule if now.url_rule else "unmatched", round((time.perf_counter() - g.began) * 1000, 1)
    known = {"account": context.principal().account_id, "request_id": context.request_id()}
    facts = {"method": now.method[:10], "route": rule, "status": reply.status_code, "ms": spent, **known}
    log.info("request", extra=facts)
    return reply


@blueprint.get("/favicon.ico")
@access(PUBLIC)
def favicon() -> AnyResponse:
    """Send old browsers to the drawing."""
    return redirect(url_for("static", filename="icons/favicon.svg"), 302)
