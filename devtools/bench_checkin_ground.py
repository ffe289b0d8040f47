"""A database to check in on: an instructor with a token, and runs under way with people who hold tickets.

`python -m devtools.bench_checkin_ground` prepares the database of the environment and leaves the instructor's bearer
token in the data folder.
"""

import itertools
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from flask_migrate import upgrade
from sqlalchemy import Engine, func, insert, select

from chengjiu_mp import create_app
from chengjiu_mp.checkin.models import CheckIn
from chengjiu_mp.core import clock, ids
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.privacy import Vault
from chengjiu_mp.courses.models import CourseRun, Meeting, RunInstructor, SeatPool, Signup
from chengjiu_mp.people.models import Person
from chengjiu_mp.signin import sessions
from devtools.bench_signup_people import name_of, resident_number

# What a request reads and writes, in an order in which their numbers can be pulled apart.
TOUCHED = ("course_run", "meeting", "seat_pool", "person", "signup", "scan", "check_in", "contact")
BEGAN = timedelta(minutes=10)


class Hall(NamedTuple):
    """A run under way, and the tokens of the tickets that are still to be scanned."""

    run_id: int
    meeting_id: int
    tickets: list[str]


def prepare() -> None:
    """Migrate the database of the environment; insert the reference data, an instructor, one run and one sign-up."""
    from tests import factories  # the makers of the tests: nothing of the product makes a published run in one call

    app = create_app()
    with app.app_context():
        upgrade()
        with unit_of_work():
            factories.reference_data()
            teacher = factories.instructor()
            run = factories.run(starts_in=-BEGAN, instructors=[teacher])
            factories.signup(run)
            token_file(app.config["DATA_DIR"]).write_text(sessions.open_session("bearer", teacher.account_id)[0])
        db.session.remove()
        db.engine.dispose()


def token_file(data_dir: Path) -> Path:
    """Return where the instructor's token lies."""
    return data_dir / "bearer"


class Halls:
    """Makes such runs on one database, with people who never come twice."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        self._numbers = itertools.count()

    def hall(self, people: int) -> Hall:
        """Return a fresh run, the first one once more, with so many seated people."""
        now = clock.now()
        with self._engine.connect() as connection:
            first, signup = self._first(connection, CourseRun), self._first(connection, Signup)
            teachers = connection.execute(select(RunInstructor.instructor_id).distinct()).scalars().all()
        # Another transaction: SQLite refuses one that has read, and then writes after somebody else has.
        with self._engine.begin() as connection:
            times = {"starts_at": now - BEGAN, "ends_at": now - BEGAN + timedelta(hours=3)}
            run_id = _insert(connection, CourseRun, {
                **first, **times, "uid": ids.new_uid(), "token_hash": ids.token_hash(ids.new_token()),
            })  # fmt: skip
            meeting_id = _insert(connection, Meeting, {"run_id": run_id, "sequence": 1, **times})
            pool_id = _insert(connection, SeatPool, {"run_id": run_id, "capacity": people, "taken": people})
            connection.execute(insert(RunInstructor), [{"run_id": run_id, "instructor_id": one} for one in teachers])
            of = {**signup, "run_id": run_id, "pool_id": pool_id}
            made = [self._person(of) for _ in range(people)]
            # One by one: the ids of many rows at once come in no promised order.
            for person, place, _ in made:
                place["person_id"] = _insert(connection, Person, person)
            connection.execute(insert(Signup), [place for _, place, _ in made])
        return Hall(run_id, meeting_id, [token for *_, token in made])

    def _first(self, connection: Any, model: type[Any]) -> dict[str, Any]:
        table = model.__table__
        found = dict(connection.execute(select(table).order_by(table.c.id).limit(1)).mappings().one())
        found.pop("id")
        return found

    def _person(self, of: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], str]:
        """Return a person, their sign-up but for whose it is, and their ticket's token."""
        number, uid, row, token = next(self._numbers), ids.new_uid(), ids.new_uid(), ids.new_token()
        phone, vault = f"139{number:08d}", self._vault
        person = {
            "uid": uid, "doc_type": "resident_id", "doc_index": secrets.token_bytes(32),
            "doc_sealed": vault.seal(resident_number(number), place=Person.PLACE, row=uid), "created_at": clock.now(),
        }  # fmt: skip
        signup = {
            **of, "uid": row, "name": name_of(number), "name_raw": name_of(number), "code": _code(number),
            "phone_index": vault.index("phone", phone), "ticket_hash": ids.token_hash(token),
            "phone_sealed": vault.seal(phone, place=Signup.PLACE_PHONE, row=row),
            "ticket_sealed": vault.seal(token, place=Signup.PLACE_TICKET, row=row),
        }  # fmt: skip
        return person, signup, token

    def here(self, run_id: int) -> int:
        """Return how many people are checked in."""
        with self._engine.connect() as connection:
            query = select(func.count(func.distinct(CheckIn.signup_id))).where(CheckIn.run_id == run_id)
            return int(connection.execute(query).scalar_one())


def _code(number: int) -> str:
    return f"Z{number % 100_000:05d}"


def _insert(connection: Any, model: type[Any], values: dict[str, Any]) -> int:
    key = connection.execute(insert(model).values(values)).inserted_primary_key
    return int(key[0]) if key else 0


if __name__ == "__main__":
    prepare()
    sys.exit(0)
