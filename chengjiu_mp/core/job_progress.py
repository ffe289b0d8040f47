"""How far the work that waits is, and when it may be done at the pace of the last minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job

_LATELY = timedelta(minutes=5)
_LAST = 200


@dataclass(frozen=True)
class Progress:
    """Jobs of a kind that wait or run. ``per_minute`` is the pace of the last five minutes, 0 while none was done;
    ``seconds_left`` is the forecast at that pace, None without one.
    """

    kind: str
    waiting: int
    per_minute: float

    @property
    def seconds_left(self) -> float | None:
        return self.waiting / self.per_minute * 60 if self.per_minute else None


def under_way() -> Sequence[Progress]:
    """Return how far every kind is of which something waits or runs, the most first."""
    waiting = func.count().label("waiting")
    open_ = select(Job.kind, waiting).where(Job.state.in_(("queued", "running"))).group_by(Job.kind)
    found = db.session.execute(open_.order_by(waiting.desc(), Job.kind)).all()
    return [Progress(kind, number, _per_minute(kind)) for kind, number in found]


def _per_minute(kind: str) -> float:
    now = clock.now()
    last = select(Job.done_at).where(Job.kind == kind, Job.state == "done").order_by(Job.id.desc()).limit(_LAST)
    times = [at for at in db.session.scalars(last) if at is not None and now - at <= _LATELY]
    # A pace needs time to have passed: of two jobs done within this second nothing follows.
    spent = (now - min(times)).total_seconds() if times else 0.0
    return len(times) / spent * 60 if spent >= 1 else 0.0
