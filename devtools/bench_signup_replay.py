"""Saying a sign-up again, both ways."""

from devtools.bench_replay import Said, Talk, Wire
from devtools.bench_signup_plan import Plan


class Replay:
    """A plan made ready to be said many times."""

    def __init__(self, plan: Plan) -> None:
        self._fork, self._column, self._seat = plan.fork, plan.column, plan.seat
        self._begin = [Said(step) for step in plan.seated[: plan.fork + 1]]
        self._seated = [Said(step) for step in plan.seated[plan.fork + 1 :]]
        self._waiting = [Said(step) for step in plan.waiting[plan.fork + 1 :]]

    def sign_up(self, wire: Wire, run_id: int) -> bool:
        """Say it for one person; return whether it was a seat."""
        talk = Talk(wire, {"run": run_id})
        talk.say(self._begin)
        seated = bool(talk.rows[self._fork][0][self._column] == self._seat)
        talk.say(self._seated if seated else self._waiting)
        return seated
