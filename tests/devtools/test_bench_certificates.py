"""The measurement of certificates: what it makes, loads and adds up. Nothing is timed here."""

import pytest
from sqlalchemy import func, inspect, select

from chengjiu_mp.certificates import queries
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.core.db import db
from chengjiu_mp.people.models import Contact, Person
from devtools import bench_certificates as bench
from devtools import bench_certificates_growth as growth
from devtools.bench_certificates_batch import Batch
from devtools.bench_certificates_pages import Pages, Rates, face
from tests import issued


def test_every_maker_makes_files_of_its_kind(tmp_path):
    made = Pages(tmp_path, quick=True, peers=False)
    assert made._makers["jpeg"](face(7))[:2] == b"\xff\xd8"
    assert made._makers["jpeg"](face(7)) != made._makers["jpeg"](face(8))
    assert made._makers["png"](face(7))[:4] == b"\x89PNG"
    assert made._makers["pdf"](face(7))[:5] == b"%PDF-"
    rates = made.round(3)
    assert set(rates.by) == {"jpeg", "encoder_jpeg", "png", "encoder_png", "pdf"}
    assert all(rate > 0 for rate in rates.by.values())


def test_no_two_holders_of_a_bench_share_a_name_or_a_code():
    faces = [face(number) for number in range(2000)]
    assert len({one.holder_name for one in faces}) == len({one.verify_url for one in faces}) == 2000


def test_rates_become_medians_and_ratios_within_a_round():
    rounds = [
        Rates({"jpeg": jpeg, "encoder_jpeg": 60.0, "png": 10.0, "encoder_png": 12.0}) for jpeg in (30.0, 60.0, 120.0)
    ]
    found = bench.pages(rounds)
    assert (found["jpeg_per_s"], found["jpeg_ratio"], found["png_ratio"]) == (60.0, 1.0, 1.2)


def test_the_growth_is_that_of_the_question_that_grew_most():
    small = {"verify": 1.0, "number": 2.0, "lookup": 4.0}
    rounds = [growth.Asked(small, {"verify": 1.1, "number": 2.0, "lookup": large}) for large in (4.0, 6.0, 20.0)]
    found = bench.grown(rounds)
    assert found["lookup_growth"] == 1.5
    assert found["growth"] == {"verify": 1.1, "number": 1.0, "lookup": 1.5}
    assert found["ms"]["large"]["lookup"] == 6.0


def test_the_batch_is_named_by_its_size_and_says_what_is_missing():
    found = bench.batch(Batch(certificates=15_000, class_s=8.0, issued_s=40.0, batch_s=400.0, missing=1))
    assert (found["batch_15000_s"], found["class_50_s"], found["missing"]) == (400.0, 8.0, 1)
    assert "<= 900" in bench.table(found)


def test_loaded_rows_stand_beside_the_products_own(app, database_url):
    if not database_url.startswith("postgresql"):
        pytest.skip("rows are loaded by COPY, which PostgreSQL alone has")
    of, before = issued.issue("张三")[0], _indexes()
    issued.phone_of(of)
    token, number = issued.token(of), of.number
    db.session.rollback()
    growth.load(database_url, 50)
    tables = (Person, Contact, Certificate, CertificateVersion)
    assert [db.session.scalar(select(func.count()).select_from(one)) for one in tables[2:]] == [51, 51]
    assert db.session.scalar(select(func.count(func.distinct(CertificateVersion.token_hash)))) == 51
    seen = queries.certificate_by_token(token)
    assert seen is not None
    assert seen.certificate.number == number
    assert _indexes() == before


def _indexes() -> set[str]:
    found = inspect(db.engine)
    return {str(one["name"]) for table in growth._OWN for one in found.get_indexes(table)}
