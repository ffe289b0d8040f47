"""Print files: what goes in, in which order and under which names; whose they are and how long; the ledger."""

import csv
import io
import os
import zipfile
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import printing, printing_ledger, printing_making, states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.certificates.printing_errors import FileNotReady, NothingToPrint, TooManyToPrint
from chengjiu_mp.certificates.printing_models import CertificatePrint, PrintFile
from chengjiu_mp.certificates.tasks import forget_paper, sweep_print_files
from chengjiu_mp.core import storage
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.signin import sessions
from tests import factories, issued, printings
from tests.certificates.test_pdf import read
from tests.printings import ROLES


def clerk(role: str = "operator", unit_code: str | None = None) -> Principal:
    with unit_of_work():
        who = factories.account(role, unit_code)
        return Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))


def content(file: PrintFile) -> bytes:
    return storage.media().get(file.file or "")


def test_a_runs_cards_are_nine_on_a_page_in_the_order_of_numbers(app: Flask) -> None:
    of = printings.drawn(*(f"学员{n:02d}" for n in range(10)))
    by = clerk()
    file = printings.make(printings.ask(Of(of[0].run_id), "cards", by)[0])
    pages = [page.extract_text() for page in read(content(file)).pages]
    assert (file.state, file.done, len(pages)) == ("ready", 10, 2)
    assert [name in pages[n // 9] for n, name in enumerate(f"学员{n:02d}" for n in range(10))] == [True] * 10


def test_a_file_made_twice_is_one_and_the_same(app: Flask) -> None:
    of = printings.drawn("张三")
    by = clerk()
    first, second = (printings.make(printings.ask(Of(of[0].run_id), "zip_jpg", by)[0]) for _ in range(2))
    assert first.file == second.file
    assert printing_making.make_file(first.id) is None


def test_a_zip_has_stable_names_and_a_list_without_formulas(app: Flask) -> None:
    of = printings.drawn("张三", "李四", "张三", "𬭎䶮")
    file = printings.make(printings.ask(Of(of[0].run_id), "zip_jpg", clerk())[0])
    with zipfile.ZipFile(io.BytesIO(content(file))) as archive:
        names = archive.namelist()
        text = archive.read("清单.csv").decode("utf-8-sig")
        first = archive.read(names[0])
    assert sorted(name.partition("_")[2] for name in names[:-1]) == sorted(
        ["张三.jpg", "李四.jpg", "张三_2.jpg", "𬭎䶮.jpg"]
    )
    assert [name[:4] for name in names[:-1]] == ["001_", "002_", "003_", "004_"]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["文件名"] for row in rows] == names[:-1]
    assert [row["证书编号"] for row in rows] == [one.number for one in of]
    assert first == content_of(of[0])


def content_of(one: Certificate) -> bytes:
    return storage.media().get(issued.version_of(one).file or "")


def test_a_zip_of_pdfs_holds_one_for_each(app: Flask) -> None:
    of = printings.drawn("张三", "李四")
    file = printings.make(printings.ask(Of(of[0].run_id), "zip_pdf", clerk())[0])
    with zipfile.ZipFile(io.BytesIO(content(file))) as archive:
        words = [read(archive.read(name)).pages[0].extract_text() for name in archive.namelist()[:-1]]
    assert [one.number in text for one, text in zip(of, words, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("张/三", "001_张三.jpg"), ("..\\..\\x", "001_x.jpg"), ("a\x00b\u202e.", "001_ab.jpg"), ("...", "001_未命名.jpg"),
        ("甲" * 90, f"001_{'甲' * 40}.jpg"), ("古丽米热·阿卜杜热合曼", "001_古丽米热·阿卜杜热合曼.jpg"),
    ],
)  # fmt: skip
def test_file_names_are_safe(name: str, kept: str) -> None:
    assert printing_making.file_name(1, name, Counter(), "jpg") == kept


def test_no_cell_of_the_list_is_a_formula() -> None:
    text = printing_making.manifest([("1", "f", "=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "张三")]).decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text)))[1]
    assert cells == ["1", "f", "'=HYPERLINK(1)", "'+1", "'-1", "'@x", "'\tx", "张三"]


def test_what_is_not_drawn_or_revoked_is_left_out(app: Flask) -> None:
    of = printings.drawn("张三", "李四", "王五")
    by, run = clerk(), Of(of[0].run_id)
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, of[0].id), "替考")
        states.correct_name(db.session.get_one(Certificate, of[1].id), "李思", "录错")
    (file_id,) = printings.ask(run, "cards", by)
    row = db.session.get_one(PrintFile, file_id)
    assert (len(row.version_ids), row.left_out) == (1, 1)
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, of[2].id), "替考")
    assert printings.make(file_id).done == 0
    with pytest.raises(NothingToPrint):
        printings.ask(run, "cards", by)


def test_long_lists_become_several_files_and_too_long_ones_are_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = printings.drawn("甲", "乙", "丙")
    monkeypatch.setattr(printing, "SHEETS_AT_ONCE", 2)
    files = [db.session.get_one(PrintFile, one) for one in printings.ask(Of(of[0].run_id), "strips", clerk())]
    assert [(one.part, one.parts, len(one.version_ids)) for one in files] == [(1, 2, 2), (2, 2, 1)]
    monkeypatch.setattr(printing, "MOST", 2)
    with pytest.raises(TooManyToPrint):
        printings.ask(Of(of[0].run_id), "strips", clerk())


def test_a_unit_gets_its_own_people_alone(app: Flask) -> None:
    of = printings.drawn("张三")
    own, other = clerk("unit_manager", "chengjiang"), clerk("unit_manager", "yunting")
    assert printings.ask(Of(unit_id=of[0].owner_unit_id), "zip_jpg", own)
    for what in (Of(unit_id=of[0].owner_unit_id), Of(of[0].run_id)):
        with pytest.raises(NothingToPrint):
            printings.ask(what, "zip_jpg", other)
    with pytest.raises(NothingToPrint):
        printings.ask(Of(unit_id=of[0].owner_unit_id, year=2020), "zip_jpg", own)


def test_a_file_is_its_askers_for_a_day_and_leaves_a_trace(app: Flask, frozen) -> None:
    of = printings.drawn("张三")
    by = clerk()
    (file_id,) = printings.ask(Of(of[0].run_id), "cards", by)
    with pytest.raises(NotFound):
        printing.file_of(file_id, clerk())
    with pytest.raises(FileNotReady):
        printing.take(printing.file_of(file_id, by))
    printings.make(file_id)
    with unit_of_work():
        assert printing.take(printing.file_of(file_id, by)).exists()
    assert {"certificates.print_asked", "certificates.print_taken"} <= set(
        db.session.scalars(select(AuditEntry.action))
    )
    frozen.now += timedelta(hours=24)
    with pytest.raises(FileNotReady):
        printing.take(printing.file_of(file_id, by))


def test_files_go_after_a_day_but_not_what_is_another_ones_too(app: Flask, frozen) -> None:
    of = printings.drawn("张三")
    by = clerk()
    old = printings.make(printings.ask(Of(of[0].run_id), "cards", by)[0])
    path = storage.media().path(old.file or "")
    frozen.now += timedelta(hours=20)
    young = printings.make(printings.ask(Of(of[0].run_id), "cards", by)[0]).id
    frozen.now += timedelta(hours=4)
    db.session.rollback()
    forget_paper()
    assert path.exists()
    frozen.now += timedelta(hours=20)
    forget_paper()
    forget_paper()
    assert not path.exists()
    assert db.session.get_one(PrintFile, young, populate_existing=True).state == "gone"


def test_the_night_finds_what_a_late_job_left(app: Flask, frozen) -> None:
    of = printings.drawn("张三")
    by = clerk()
    kept = printings.make(printings.ask(Of(of[0].run_id), "cards", by)[0]).file or ""
    (file_id,) = printings.ask(Of(of[0].run_id), "zip_jpg", by)
    enter = printing_making.make_file(file_id)
    assert enter is not None
    with unit_of_work():
        printing.let_go(file_id)
    with unit_of_work():
        enter()
    (stray,) = (app.config["DATA_DIR"] / "media").rglob("*.zip")
    half = app.config["DATA_DIR"] / "media" / ".killed.part"
    half.touch()
    now = frozen.now.timestamp()
    for path in (stray, half, storage.media().path(kept)):
        os.utime(path, (now, now))
    sweep_print_files()
    assert stray.exists() and half.exists()
    frozen.now += timedelta(hours=25)
    db.session.rollback()
    sweep_print_files()
    sweep_print_files()
    assert not stray.exists() and not half.exists()
    assert storage.media().path(kept).exists()


def test_the_ledger_says_what_was_printed_by_whom_and_what_must_be_again(app: Flask) -> None:
    of = printings.drawn("张三", "李四")
    by, run = clerk(), Of(of[0].run_id)
    (file_id,) = printings.ask(run, "cards", by)
    with pytest.raises(FileNotReady), unit_of_work():
        printing.mark_printed(printing.file_of(file_id, by), by)
    printings.make(file_id)
    with unit_of_work():
        assert printing.mark_printed(printing.file_of(file_id, by), by) == 2
    with unit_of_work():
        assert printing.mark_printed(printing.file_of(file_id, by), by) == 0
    assert len(db.session.scalars(select(CertificatePrint)).all()) == 2
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, of[1].id), "李思", "录错")
    lines = {line.version.name: line for line in printing_ledger.lines(run, by, ROLES)}
    assert {name: (line.stale, line.printed_by) for name, line in lines.items()} == {
        "张三": (False, "周敏"), "李思": (True, "周敏"),
    }  # fmt: skip
    issued.draw(of[1])
    (again,) = printings.ask(run, "cards", by, "reprint")
    assert db.session.get_one(PrintFile, again).version_ids == [issued.version_of(of[1]).id]


def test_a_worker_that_dies_leaves_a_file_to_be_made_again(app: Flask) -> None:
    of = printings.drawn("张三")
    (file_id,) = printings.ask(Of(of[0].run_id), "cards", clerk())
    assert printing_making.make_file(file_id) is not None  # written; the effect never ran
    file = printings.make(file_id)
    assert (file.state, storage.media().path(file.file or "").exists()) == ("ready", True)
    assert db.session.scalars(select(Job.state).where(Job.kind == printing.MAKE)).one() == "done"
    assert list((app.config["DATA_DIR"] / "media").rglob("*.part")) == []
