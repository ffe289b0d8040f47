"""Makers for tests about paper: a run with drawn certificates, files made by the worker's task."""

from sqlalchemy import select

from chengjiu_mp.certificates import delivery, printing
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_models import PrintFile
from chengjiu_mp.certificates.tasks import make_print_file
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from tests import issued

ROLES = ("operator", "unit_manager")
HOME = delivery.Address("张三", "13900000001", "江阴市澄江街道虹桥路 1 号")


def drawn(*names: str, **values) -> list[Certificate]:
    made = issued.issue(*names, **values)
    for one in made:
        issued.draw(one)
    return made


def ask(of: Of, product: str, by: Principal, which: str = "all") -> list[int]:
    with unit_of_work():
        return [one.id for one in printing.ask_for(of, product, which, by, ROLES)]


def make(file_id: int) -> PrintFile:
    """Let the worker's task make a file."""
    job = db.session.scalars(select(Job.id).where(Job.kind == printing.MAKE, Job.subject_id == file_id)).one()
    db.session.rollback()
    make_print_file(job)
    return db.session.get_one(PrintFile, file_id, populate_existing=True)


def choose(one: Certificate, way: str, by: Principal | None = None) -> None:
    with unit_of_work():
        held = db.session.get_one(Certificate, one.id)
        delivery.choose(held, way, HOME if way == "mail" else None, by)


def printed(of: Of, by: Principal, which: str = "all") -> None:
    """Make cards and enter them as printed."""
    (file_id,) = ask(of, "cards", by, which)
    make(file_id)
    with unit_of_work():
        printing.mark_printed(printing.file_of(file_id, by), by)
