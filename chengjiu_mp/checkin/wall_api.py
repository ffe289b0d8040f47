"""The wall's code for screens: open a display, fetch its code, end it."""

from datetime import datetime
from typing import Literal

from flask import Blueprint

from chengjiu_mp.checkin import queries
from chengjiu_mp.checkin.errors import NoMeetings, RosterNotOpen
from chengjiu_mp.checkin.wall_displays import Shown, end_display, open_display, shown_now
from chengjiu_mp.checkin.wall_errors import WallEnded, WallOver, WallTooEarly
from chengjiu_mp.core import access, clock
from chengjiu_mp.core.context import principal
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out, RowId
from chengjiu_mp.core.qr import qr_svg

blueprint = Blueprint("wall_api", __name__, url_prefix="/api/v1")

MAY = access.roles("instructor", "operator")
LABEL = "签到码，用微信扫一扫"


class WallDisplayIn(In):
    """``step_seconds``: how often the code changes; it is accepted for at most twice as long."""

    meeting_id: RowId | None = None
    step_seconds: Literal[15, 30] = 15


class WallDisplayOut(Out):
    id: int
    run_id: int
    meeting_id: int
    number: int
    step_seconds: int
    opened_at: datetime
    ended_at: datetime | None


class WallCodeQuery(In):
    display: RowId


class WallCodeOut(Out):
    """``svg`` draws ``url``. ``lives_for``: seconds until the next code; ``dies_in``: until this one is refused.

    ``second``: the second scan is under way. ``now`` is the server's clock, by which codes are judged.
    """

    display_id: int
    counter: int
    url: str
    svg: str
    lives_for: float
    dies_in: float
    second: bool
    arrived: int
    expected: int
    now: datetime


@route(blueprint, "POST", "/runs/<row:run_id>/wall-displays", MAY, status=201,
       example={"meeting_id": 1, "step_seconds": 15},
       refusals=(NotFound, RosterNotOpen, NoMeetings, WallTooEarly, WallOver))  # fmt: skip
def open_wall_display(run_id: int, body: WallDisplayIn) -> WallDisplayOut:
    """Open a screen for a meeting's rotating code; the caller's own open one is given again."""
    row = open_display(run_id, body.meeting_id, principal(), step=body.step_seconds)
    return WallDisplayOut.model_validate(row)


@route(blueprint, "GET", "/runs/<row:run_id>/wall-code", MAY,
       refusals=(NotFound, RosterNotOpen, WallEnded, WallTooEarly, WallOver))  # fmt: skip
def wall_code(run_id: int, query: WallCodeQuery) -> WallCodeOut:
    """Give the code that a display shows at this moment, and for how long."""
    return code_out(shown_now(run_id, query.display, principal()))


@route(blueprint, "POST", "/runs/<row:run_id>/wall-displays/<row:display_id>/end", MAY,
       refusals=(NotFound, RosterNotOpen))  # fmt: skip
def end_wall_display(run_id: int, display_id: int) -> WallDisplayOut:
    """End a screen: its codes and the forms opened with them are refused from now on."""
    return WallDisplayOut.model_validate(end_display(run_id, display_id, principal()))


def code_out(shown: Shown) -> WallCodeOut:
    """Return what a screen needs; the page of the screen shows the same."""
    row = shown.display
    figures = queries.counts(row.run_id, row.meeting_id)
    return WallCodeOut(
        display_id=row.id, counter=shown.counter, url=shown.url, svg=qr_svg(shown.url, label=LABEL),
        lives_for=shown.lives_for, dies_in=shown.dies_in, second=shown.second, arrived=figures.arrived,
        expected=figures.expected, now=clock.now(),
    )  # fmt: skip
