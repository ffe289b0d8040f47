"""A paper of an old ledger can be renewed by the document that stands in it, as long as the paper stands."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import earlier_changes
from chengjiu_mp.certificates.earlier_models import EarlierBatch, EarlierCertificate
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.errors import NothingToRenew
from chengjiu_mp.people.models import Attainment
from chengjiu_mp.people.service import prove_name
from chengjiu_mp.reports.progress import progress
from tests import factories
from tests.ledgers import line, load, office, registered
from tests.signups import signed

NUMBER, DOCUMENT = "JYHS-2023-0007", "11010519491231002X"


def paper(**values: str) -> list[str]:
    return line(kind="CPR+AED", **{"doc_number": DOCUMENT, **values})


def a_refresher() -> int:
    with factories.made():
        return factories.run("cpr_aed_refresher").id


def comes_in(run: int) -> bool:
    try:
        return bool(signed(run, name="钱玉芬", doc_number=DOCUMENT).fresh)
    except NothingToRenew:
        return False


def test_an_imported_paper_is_renewed_and_counts_nothing(app: Flask) -> None:
    load(paper())
    assert comes_in(a_refresher())
    assert progress(2026).totals.certified.done == 0


@pytest.mark.parametrize(
    "values",
    [{"doc_number": ""}, {"kind": "救护员"}, {"valid_until": "2026-01-31"}, {"state": "已吊销"}],
    ids=["without a document", "another kind", "ended long ago", "not standing"],
)
def test_what_opens_nothing(app: Flask, values: dict[str, str]) -> None:
    load(line(**{"kind": "CPR+AED", "doc_number": DOCUMENT, **values}))
    assert not comes_in(a_refresher())


def test_another_name_that_was_proved_opens_nothing(app: Flask) -> None:
    with factories.made():
        prove_name(factories.person(DOCUMENT), "钱玉芳", "test")
    load(paper())
    assert not comes_in(a_refresher())


def test_a_document_that_comes_later_is_enough(app: Flask) -> None:
    load(paper(doc_number=""))
    load(paper())
    load(paper())
    assert comes_in(a_refresher())
    assert len(db.session.scalars(select(Attainment)).all()) == 1


def revoked(_: Principal) -> None:
    earlier_changes.revoke_earlier(db.session.get_one(EarlierCertificate, registered()[NUMBER].id), "查实冒领")


def withdrawn(by: Principal) -> None:
    earlier_changes.withdraw_batch(db.session.scalars(select(EarlierBatch)).one(), "传错了文件", by)


@pytest.mark.parametrize("taken_back", [revoked, withdrawn])
def test_what_was_taken_back_opens_nothing_more(app: Flask, taken_back: Callable[[Principal], None]) -> None:
    by = office("approver")
    load(paper(), paper(number="JYHS-2023-0008", doc_number=factories.resident_id()))
    with unit_of_work():
        taken_back(by)
    assert not comes_in(a_refresher())
