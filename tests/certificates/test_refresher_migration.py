"""What was imported before refreshers were is held from the upgrade on; down and up again it is the same."""

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.people.models import Attainment
from tests import factories
from tests.ledgers import line, load

BEFORE = "20261126_14"


def held() -> list[tuple[str, str]]:
    found = [(one.kind, one.source.partition(":")[0]) for one in db.session.scalars(select(Attainment))]
    db.session.remove()
    return found


def test_papers_of_earlier_imports_are_held_after_the_upgrade(app: Flask) -> None:
    load(
        line(kind="CPR+AED", doc_number=factories.resident_id()), line(number="JYHS-2023-0008"),
        line(number="JYHS-2023-0009", doc_number=factories.resident_id(), state="已吊销"),
    )  # fmt: skip
    with unit_of_work():
        db.session.execute(delete(Attainment))
    db.session.remove()
    downgrade(revision=BEFORE)
    upgrade()
    assert held() == [("cpr_aed", "earlier")]
    downgrade(revision=BEFORE)
    upgrade()
    assert held() == [("cpr_aed", "earlier")]
