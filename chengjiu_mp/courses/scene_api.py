"""Mini-program codes: what a scanned one leads to, and the picture of one to print."""

from typing import Literal

from flask import Blueprint, Response
from pydantic import Field

from chengjiu_mp.core import access, context
from chengjiu_mp.core.db import end_read
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.courses import links, queries, scenes
from chengjiu_mp.courses.policy import runs_visible_to
from chengjiu_mp.wechat.errors import CodeNotDrawn

blueprint = Blueprint("scenes", __name__, url_prefix="/api/v1")


class SceneIn(In):
    """As ``decodeURIComponent(options.scene)`` gives it: in the body, for a ticket's is as good as the ticket."""

    scene: str = Field(max_length=200)


class SceneOut(Out):
    """``id`` is the run's, the poster link's or the sign-up's; ``token`` goes on where the link's would."""

    kind: Literal["run", "series", "venue", "unit", "ticket"]
    id: int
    token: str
    title: str
    url: str


@route(blueprint, "POST", "/wechat/scenes", access.PUBLIC, example={"scene": "s=abcdefghijklmnopqrstuvwxyz"},
       refusals=(scenes.SceneWrong, NotFound))  # fmt: skip
def open_scene(body: SceneIn) -> SceneOut:
    """Say what a scanned mini-program code leads to: a run, the list of a series, a venue or a unit, or a ticket."""
    return SceneOut.model_validate(scenes.opened(body.scene))


@route(blueprint, "GET", "/runs/<row:run_id>/mini-code", access.STAFF, refusals=(NotFound, CodeNotDrawn))
def run_mini_code(run_id: int) -> Response:
    """Draw the mini-program code of a run's sign-up page."""
    url = queries.run_url(queries.run_shown(run_id, runs_visible_to(context.principal())).run)
    return code_picture(url, f"mini-code-run-{run_id}")


@route(blueprint, "GET", "/links/<row:link_id>/mini-code", access.STAFF, refusals=(NotFound, CodeNotDrawn))
def link_mini_code(link_id: int) -> Response:
    """Draw the mini-program code of a poster's lasting link."""
    return code_picture(links.link_shown(link_id).url, f"mini-code-link-{link_id}")


def code_picture(url: str, name: str) -> Response:
    """Return the mini-program code of a link of ours as a file to save.

    :raise CodeNotDrawn: where WeChat is off, or gives none
    """
    end_read()
    drawn = scenes.mini_code(url)
    kind = "jpeg" if drawn.startswith(b"\xff\xd8") else "png"
    reply = Response(drawn, mimetype=f"image/{kind}")
    reply.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return reply
