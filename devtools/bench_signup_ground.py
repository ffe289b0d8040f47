"""A database to sign up on: prepared by the product, runs in it, and what came of them.

`python -m devtools.bench_signup_ground` prepares the database of the environment.
"""

import sys
from datetime import timedelta
from typing import Any, NamedTuple

from flask_migrate import upgrade
from sqlalchemy import Engine, insert, select

from chengjiu_mp import create_app
from chengjiu_mp.core import ids
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, Meeting, SeatPool, Signup
from chengjiu_mp.people.models import Notice
from chengjiu_mp.people.queries import GUARDIAN_NOTICE

# What a sign-up writes, and a measured database is full of; `job` rows are done when it is.
WRITTEN = ("person", "signup", "consent", "message", "delivery", "job", "idempotency_key", "seat_pool")


class Seats(NamedTuple):
    """What the database says of a run after a storm."""

    confirmed: int
    waiting: int
    in_order: bool


def prepare() -> None:
    """Migrate the database of the environment, insert the reference data and one run to copy."""
    from tests import factories  # the makers of the tests: nothing of the product makes a published run in one call

    app = create_app()
    with app.app_context():
        upgrade()
        with unit_of_work():
            factories.reference_data()
            factories.run(starts_in=timedelta(days=3))
        db.session.remove()
        db.engine.dispose()


def agreed(engine: Engine) -> list[dict[str, Any]]:
    """Return the consents to everything in force that a participant agrees to."""
    notices = select(Notice.purpose, Notice.version).where(Notice.current, Notice.purpose != GUARDIAN_NOTICE)
    with engine.connect() as connection:
        return [{"purpose": row.purpose, "version": row.version} for row in connection.execute(notices)]


def new_run(engine: Engine, capacity: int) -> int:
    """Return a fresh run with these seats: the first run once more."""
    runs = CourseRun.__table__
    with engine.connect() as connection:
        first = connection.execute(select(runs).order_by(runs.c.id).limit(1)).mappings().one()
    # Another transaction: SQLite refuses one that has read, and then writes after somebody else has.
    with engine.begin() as connection:
        values = {**first, "uid": ids.new_uid(), "token_hash": ids.token_hash(ids.new_token())}
        values.pop("id")
        key = connection.execute(insert(CourseRun).values(values)).inserted_primary_key
        run_id = int(key[0]) if key else 0
        times = {"starts_at": first["starts_at"], "ends_at": first["ends_at"]}
        connection.execute(insert(Meeting), [{"run_id": run_id, "sequence": 1, **times}])
        connection.execute(insert(SeatPool), [{"run_id": run_id, "capacity": capacity}])
    return run_id


def seats_of(engine: Engine, run_id: int) -> Seats:
    """Return who sits and who waits."""
    rows = select(Signup.state, Signup.position).where(Signup.run_id == run_id)
    with engine.connect() as connection:
        found = connection.execute(rows).all()
    places = sorted(row.position for row in found if row.state == "waitlisted")
    seated = sum(row.state == "confirmed" for row in found)
    return Seats(seated, len(places), places == list(range(1, len(places) + 1)))


if __name__ == "__main__":
    prepare()
    sys.exit(0)
