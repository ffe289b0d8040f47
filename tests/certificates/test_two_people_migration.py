"""What stood before designs took two people, and one certificate one file that waits, stands after the upgrade too."""

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from chengjiu_mp.certificates.handover_models import HandoverRow
from chengjiu_mp.certificates.template_models import CertificateTemplate
from chengjiu_mp.core.db import db, unit_of_work
from tests import issued
from tests.certificates.test_handover import export
from tests.certificates.test_templates import published

BEFORE = "20261126_16"


def back_in_time() -> None:
    """At the version before: its author alone published a design, and two files hold the same certificate."""
    db.session.remove()
    downgrade(revision=BEFORE)
    batch = "columns, rows, reason, sha256, made_at, made_by"
    rest = "certificate_id, version, reported, digests, verdict, note"
    with unit_of_work() as session:
        for said in (
            "update certificate_template set published_by = created_by where published_by is not null",
            f"insert into handover_batch ({batch}) select {batch} from handover_batch",
            f"insert into handover_row (batch_id, {rest}) "
            f"select (select max(id) from handover_batch), {rest} from handover_row",
        ):
            session.execute(text(said))
    db.session.remove()


def test_a_design_published_alone_stays_and_the_later_file_answers(app: Flask) -> None:
    issued.issue("张三")
    export()
    own, other = published("cpr_aed").id, published("junior").id
    back_in_time()
    with unit_of_work() as session:
        session.execute(text("update certificate_template set created_by = null where id = :id"), {"id": other})
    db.session.remove()
    upgrade()
    alone = {one.id: one.published_alone for one in db.session.scalars(select(CertificateTemplate))}
    assert (alone[own], alone[other]) == (True, False)
    rows = db.session.scalars(select(HandoverRow).order_by(HandoverRow.id)).all()
    assert [one.verdict for one in rows] == ["differs", "sent"]
    assert "后面的一批" in rows[0].note
    db.session.remove()
