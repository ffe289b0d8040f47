"""我的: this phone's sign-ups in three groups, each with its next step.

Who proved the phone sees what lies ahead with that number at once, and the rest when they have said the name."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, url_for

from chengjiu_mp.core import clock, context
from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.day_words import clock_time, day_time
from chengjiu_mp.courses import signup_queries
from chengjiu_mp.courses.excusing import may_excuse
from chengjiu_mp.courses.models import LIVE, SEATED, Signup
from chengjiu_mp.courses.reconfirming import asks_to_confirm
from chengjiu_mp.web.h5.completing import links_for
from chengjiu_mp.web.h5.own_data import held_now

blueprint = Blueprint("mine", __name__)

# By state, else by outcome: the pill's word and tone.
_PILLS = {
    "waitlisted": ("候补中", "warn"), "offered": ("有空位，等您确认", "urgent"), "pending": ("待确认", "warn"),
    "withdrawn": ("已取消", "plain"), "lapsed": ("未排到", "plain"), "refused": ("未通过", "plain"),
    "moved": ("已换场", "plain"), "run_cancelled": ("停课", "bad"),
}  # fmt: skip
_OUTCOMES = {"attended": ("已签到", "ok"), "absent": ("未到场", "plain")}


@blueprint.get("/me")
@access(PUBLIC)
def mine() -> str:
    """Show what is ahead, what is waited for, and what was: this device's, the account's and the proved phone's."""
    caller = context.principal()
    proved = caller.account_id is not None and caller.phone_index is not None
    held = held_now() if proved else []
    found = signup_queries.my_signups(caller, [one for each in held for one in each.signup_ids])
    ahead = [one for one in reversed(found) if _is_ahead(one)]
    waiting = [one for one in ahead if one.state == "waitlisted"]
    ranks = signup_queries.ranks_of(waiting)
    seated = [one for one in ahead if one.state != "waitlisted"]
    past = [one for one in found if not _is_ahead(one)]
    groups = [("即将参加", _cards(seated, ranks)), ("候补", _cards(waiting, ranks)), ("以前的", _cards(past, ranks))]
    return render_template(
        "h5/me.html", title="我的", back="/", groups=[g for g in groups if g[1]], proved=proved,
        asks_name=proved and not held, to_complete=links_for(caller.phone_index) if proved else [],
    )  # fmt: skip


def _is_ahead(signup: Signup) -> bool:
    run = signup.run
    live = signup.state in LIVE and signup.outcome is None and run.state == "published"
    return live and clock.now() < run.ends_at


def _is_away(signup: Signup) -> bool:
    """Return whether its holder said that they cannot come, and no check-in says otherwise."""
    return signup.excused_at is not None and signup.state in SEATED and signup.outcome in (None, "absent")


def _cards(signups: Sequence[Signup], ranks: dict[int, int]) -> list[dict[str, Any]]:
    return [_card(one, ranks.get(one.id)) for one in signups]


def _card(signup: Signup, rank: int | None) -> dict[str, Any]:
    run = signup.run
    word, tone = pill_of(signup)
    return {
        "url": url_for("tickets.ticket", token=signup_queries.ticket_token(signup)), "title": run.title,
        "starts_at": run.starts_at, "ends_at": run.ends_at, "place": run.venue.name, "seats_left": None,
        "state": word, "tone": tone, "counts_for": signup.name, "next": _next_step(signup, rank),
    }  # fmt: skip


def pill_of(signup: Signup) -> tuple[str, str]:
    """Return a sign-up's state in a word, and its tone."""
    if signup.state == "pending" and (signup.needs_guardian or signup.party_id):
        return "待监护人同意", "warn"
    if signup.state == "lapsed" and (signup.confirm_by is not None or signup.offer_ends_at is not None):
        return "名额已让出", "plain"
    if _is_away(signup):
        return "已请假", "plain"
    return _PILLS.get(signup.state) or _OUTCOMES.get(signup.outcome or "") or ("已报上", "ok")


def _next_step(signup: Signup, rank: int | None) -> str:
    """Return what its holder does now, empty for what is over and done."""
    if not _is_ahead(signup):
        return _afterwards(signup)
    if asks_to_confirm(signup) and signup.confirm_by is not None:
        return f"请在{day_time(signup.confirm_by)}前点开，按“我会来”"
    if rank:
        return f"排在第 {rank} 位，有空位按顺序通知您"
    family = signup.needs_guardian or signup.party_id
    asked = "要监护人同意才占名额，点开看怎么办" if family else "还在确认，有结果会通知您"
    waits = {"offered": "有空位了，请点开确认", "pending": asked}
    return waits.get(signup.state) or _arrival(signup)


def _afterwards(signup: Signup) -> str:
    if signup.state == "run_cancelled":
        return "可以点开换一场"
    if may_excuse(signup) and clock.now() >= signup.run.ends_at:
        return "没能来？点开说一声，不算缺席"
    return "点开看结果" if signup.outcome == "attended" and signup.run.exam_scheme_id else ""


def _arrival(signup: Signup) -> str:
    if _is_away(signup):
        return "又能来了，到场出示入场码就行"
    begins = signup.run.starts_at
    days = (clock.day_of(begins) - clock.today()).days
    near = {0: "今天", 1: "明天"}.get(days)
    return f"{near} {clock_time(begins)} 到场，出示入场码" if near else "到场出示入场码签到"
