"""What a file can do to us (nothing), and what a killed worker leaves (what was committed)."""

import io
import re
import zipfile
from contextlib import contextmanager
from datetime import timedelta

import pytest
import xlsxwriter
from sqlalchemy import func, select

from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import (
    enrolling,
    queries,
    reading,
    result_sheet,
    sheet,
    shredding,
    together,
    upload_queries,
    uploading,
)
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload
from chengjiu_mp.lists.sheet import COLUMNS
from tests import factories, invariants, rosters
from tests.sheets import book, with_member


@pytest.fixture
def list_id(app) -> int:
    return rosters.a_list()


def upload(upload_id: int) -> UnitListUpload:
    return db.session.get_one(UnitListUpload, upload_id)


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


def test_a_file_that_inflates_is_refused_before_it_is_stored(list_id):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(spreadsheet.FileInflates), unit_of_work():
        uploading.receive(db.session.get_one(UnitList, list_id), bomb.getvalue())
    assert db.session.scalar(select(func.count()).select_from(UnitListUpload)) == 0


@pytest.mark.parametrize("content", ["far", "entities"])
def test_what_the_child_cannot_read_ends_with_a_reason_and_without_the_file(list_id, content):
    if content == "far":
        data = with_member(book([["姓名"]]), "xl/worksheets/sheet1.xml",
            b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1048576">'
            b'<c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>')  # fmt: skip
    else:
        data = with_member(book([["姓名"]]), "xl/worksheets/sheet1.xml", b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;')
    upload_id = rosters.uploaded(list_id, data)
    found = upload(upload_id)
    assert (found.state, found.file, bool(found.reason)) == ("refused", None, True)


def test_a_file_lies_sealed_and_is_gone_once_it_was_read(list_id):
    content = rosters.sheet([rosters.person(1)])
    with unit_of_work():
        row = uploading.receive(db.session.get_one(UnitList, list_id), content)
        upload_id, name = row.id, row.file or ""
    assert rosters.person(1)["证件号码"].encode() not in media().get(name)
    assert uploading.content_of(upload(upload_id)) == content
    rosters.work()
    assert upload(upload_id).file is None
    with pytest.raises(FileNotFoundError):
        media().get(name)


def test_lines_hold_no_number_in_the_open_and_are_shredded_after_a_month(list_id, frozen):
    found = rosters.enrolled(list_id, rosters.sheet([rosters.person(1), rosters.person(2, 手机号="1")]))
    assert shredding.due() == []
    frozen.now += timedelta(days=30)
    assert shredding.due() == [found.id]
    with unit_of_work():
        shredding.shred(found.id)
    assert set(db.session.scalars(select(UnitListLine.cells_sealed))) == {None}
    assert shredding.due() == []
    rows = rosters.cells(result_sheet.result_file(upload(found.id), whole=True))
    assert [row[1] for row in rows[1:]] == ["已报上", "没报上"]


def test_a_file_that_nobody_read_within_a_day_is_deleted_and_says_so(list_id, frozen):
    with unit_of_work():
        upload_id = uploading.receive(db.session.get_one(UnitList, list_id), rosters.sheet([rosters.person(1)])).id
    frozen.now += timedelta(hours=24)
    with unit_of_work():
        shredding.shred(upload_id)
    rosters.work()
    assert (upload(upload_id).state, upload(upload_id).code) == ("refused", "file_gone")


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_enrolment_killed_in_the_middle_ends_as_if_undisturbed(list_id, monkeypatch, after):
    content = rosters.faulty_sheet(30)
    upload_id = rosters.uploaded(list_id, content)
    rosters.confirmed(list_id, upload_id)
    monkeypatch.setattr(enrolling, "CHUNK", 5)
    die_after(monkeypatch, together, "row_on", after * enrolling.CHUNK + 2)
    with pytest.raises(Killed):
        rosters.work()
    monkeypatch.undo()
    revive()
    rosters.work()
    as_planned = {"add": "added", "fault": "rejected"}
    lines = rosters.lines(upload_id)
    assert [line.outcome for line in lines] == [as_planned[line.plan] for line in lines]
    assert upload_queries.counts_of(upload_id) == {"added": 21, "rejected": 9}
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 21
    assert invariants.broken() == {}


def test_a_dry_run_killed_in_the_middle_judges_every_line_once(list_id, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 4)
    die_after(monkeypatch, reading, "look", 2)
    with pytest.raises(Killed):
        rosters.uploaded(list_id, rosters.faulty_sheet(20))
    upload_id = db.session.scalars(select(UnitListUpload.id)).one()
    assert 0 < len(rosters.lines(upload_id)) < 20
    monkeypatch.undo()
    revive()
    rosters.work()
    assert [line.number for line in rosters.lines(upload_id)] == list(range(2, 22))
    assert upload(upload_id).state == "read"


def test_a_dry_run_killed_again_and_again_is_read_to_its_end(list_id, monkeypatch):
    with unit_of_work():
        upload_id = uploading.receive(db.session.get_one(UnitList, list_id), rosters.faulty_sheet(40)).id
    for judged in range(4, 32, 4):
        monkeypatch.setattr(reading, "CHUNK", 4)
        die_after(monkeypatch, reading, "look", 2)
        with pytest.raises(Killed):
            rosters.work()
        monkeypatch.undo()
        revive()
        assert len(rosters.lines(upload_id)) == judged
    rosters.work()
    assert [line.number for line in rosters.lines(upload_id)] == list(range(2, 42))
    assert upload(upload_id).state == "read"


def test_a_long_work_goes_in_legs_and_kills_do_not_use_up_its_attempts(list_id, monkeypatch):
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(n) for n in range(30)]))
    rosters.confirmed(list_id, upload_id)
    for _ in range(7):
        monkeypatch.setattr(enrolling, "CHUNK", 5)
        die_after(monkeypatch, together, "row_on", enrolling.CHUNK - 1)
        with pytest.raises(Killed):
            rosters.work()
        monkeypatch.undo()
        revive()
        monkeypatch.setattr(enrolling, "CHUNK", 5)
        die_after(monkeypatch, together, "row_on", enrolling.CHUNK + 1)
        with pytest.raises(Killed):
            rosters.work()
        monkeypatch.undo()
        revive()
        if upload_queries.counts_of(upload_id).get("added") == 25:
            break
    rosters.work()
    assert upload(upload_id).state == "done"
    assert db.session.scalars(select(Job.state).where(Job.kind == uploading.ENROL, Job.state == "dead")).all() == []


def test_a_work_that_gave_up_says_so_and_is_sent_on(list_id):
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1)]))
    rosters.confirmed(list_id, upload_id)
    with unit_of_work():
        db.session.scalars(select(Job).where(Job.kind == uploading.ENROL)).one().state = "dead"
    assert uploading.stopped(upload(upload_id))
    with unit_of_work():
        uploading.send_on(upload(upload_id))
    rosters.work()
    assert upload(upload_id).state == "done"


def test_the_template_has_drop_downs_and_number_columns_as_text(list_id):
    runs = [one.run for one in queries.runs_of(list_id)]
    content = sheet.template(runs)
    assert spreadsheet.read(content).rows[0] == list(sheet.COLUMNS)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        people, styles = (archive.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    assert re.findall(r'<dataValidation type="list"[^>]*sqref="([^"]+)"', people) == [
        "B2:B10002",
        "E2:E10002",
        "F2:F10002",
    ]
    # 49 is the built-in format "@": text.
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    columns = {int(at): int(style) for at, style in re.findall(r'<col min="(\d+)"[^>]* style="(\d+)"', people)}
    assert {formats[columns[number]] for number in (3, 4)} == {"49"}


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (["姓 名*", "身份证号（18位）", "手机号码"], True), (["序号", "姓名", "证件号码", "联系电话", "备注"], True),
        (["姓名", "电话"], False),
    ],
)  # fmt: skip
def test_headers_are_found_as_people_write_them(head, found):
    rows = [["教师名单"], head, ["张三"] * len(head)]
    given = spreadsheet.Sheet([row + [""] * (len(head) - len(row)) for row in rows])
    if found:
        assert [line.number for line in sheet.find_lines(given).lines] == [3]
    else:
        with pytest.raises(Exception, match="columns_missing"):
            sheet.find_lines(given)


def test_a_cell_merged_over_lines_speaks_for_all_of_them(app):
    """A school clerk writes the run and the group of people once, over everybody."""
    with factories.made():
        runs = [factories.run(starts_in=timedelta(days=days)) for days in (20, 30)]
        words = [sheet.run_label(one) for one in runs]
        ids = [one.id for one in runs]
    content = office_sheet([rosters.person(n) for n in range(6)], words)
    upload_id = rosters.uploaded(rosters.a_list(*ids), content)
    lines = rosters.lines(upload_id)
    assert [(one.number, one.plan, one.run_id) for one in lines] == [
        (3 + n, "add", ids[0] if n < 3 else ids[1]) for n in range(6)
    ]


def test_numbers_drawn_down_too_far_and_a_signature_are_nobodys_lines(app):
    content = office_sheet([rosters.person(n) for n in range(2)], ["", ""])
    found = sheet.find_lines(spreadsheet.read(content))
    assert [one.number for one in found.lines] == [3, 4]


@pytest.mark.parametrize("square", [(0, 6, 1, 6), (0, 4, 1, 5), (3, 0, 5, 2)])
def test_an_empty_frame_beside_or_below_a_list_is_nothing(square):
    """Offices draw a place for the stamp; what is empty there reaches further than all that is filled."""
    with framed() as (page, content):
        page.merge_range(*square, "")
    assert [one.number for one in sheet.find_lines(spreadsheet.read(content.getvalue())).lines] == [2]


def test_a_name_written_over_the_number_too_is_a_person_where_a_phone_stands_beside_it():
    with framed() as (page, content):
        page.merge_range(2, 0, 2, 1, "李四")
        page.write(2, 2, "13900000002")
        page.merge_range(3, 0, 3, 1, "填表人：王老师")
    assert [one.number for one in sheet.find_lines(spreadsheet.read(content.getvalue())).lines] == [2, 3]


@contextmanager
def framed():
    """Give a sheet of one person to write on; the content is there after the block."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, [sheet.NAME, sheet.DOC, sheet.PHONE])
        page.write_row(1, 0, ["张三", "11010519491231002X", "13900000001"])
        yield page, content


def test_squares_of_merged_cells_that_lie_one_over_the_other_are_cut_off():
    squares = "".join('<mergeCell ref="A1:AN10010"/>' for _ in range(1000))
    content = book([["姓名"]])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        plain = archive.read("xl/worksheets/sheet1.xml").decode()
    crafted = plain.replace("</sheetData>", f"</sheetData><mergeCells count='1000'>{squares}</mergeCells>").encode()
    merged = spreadsheet.read(with_member(content, "xl/worksheets/sheet1.xml", crafted)).merged
    assert len(merged) == 40


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("1960.06", ""), ("1960年6月", ""), ("22082", ""), ("2 月", ""), ("1985-06-15", ""),
    ],
)  # fmt: skip
def test_a_month_of_birth_beside_a_resident_number_is_no_fault(list_id, words, reason):
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1, 出生日期=words)]))
    assert [(one.plan, one.reason) for one in rosters.lines(upload_id)] == [("add", reason)]


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ("31048", "add"),
        ("1985.1.1", "add"),
        ("１９８５年１月１日", "add"),
        ("198511", "fault"),
        ("19905", "fault"),
        ("20126", "fault"),
        ("20130", "add"),
        ("1985.1", "fault"),
        ("", "fault"),
    ],
)
def test_a_passport_needs_a_day_of_birth_that_can_be_read(list_id, words, plan):
    one = rosters.person(1, 证件类型="普通护照", 证件号码="C01X00T47", 出生日期=words)
    upload_id = rosters.uploaded(list_id, rosters.sheet([one]))
    assert [line.plan for line in rosters.lines(upload_id)] == [plan]


def test_the_mark_of_text_before_a_number_is_none_of_its_figures(list_id):
    one = rosters.person(1)
    sheet_of = rosters.sheet([one | {"证件号码": "'" + one["证件号码"], "手机号": "’" + one["手机号"]}])
    done = rosters.enrolled(list_id, sheet_of)
    assert [(line.plan, line.outcome) for line in rosters.lines(done.id)] == [("add", "added")]


def test_all_that_is_wrong_with_a_line_is_told_at_once(list_id):
    one = rosters.person(1, 场次="明天", 手机号="139", 姓名="")
    upload_id = rosters.uploaded(list_id, rosters.sheet([one]))
    (line,) = rosters.lines(upload_id)
    assert line.field == "场次、姓名、手机号"
    assert "没有认出这个场次" in line.reason and "手机号" in line.reason


def test_every_line_of_an_offices_sheet_is_a_person_or_told_of(list_id):
    people = [rosters.person(n) for n in range(4)]
    words = ["", ""]
    upload_id = rosters.uploaded(list_id, office_sheet(people, words))
    upload = db.session.get_one(UnitListUpload, upload_id)
    # The title, three numbers drawn too far, two signatures; line 2 is the header.
    assert upload_queries.left_out_of(upload) == [1, 7, 8, 9, 10, 11]
    assert {line.number for line in rosters.lines(upload_id)} == {3, 4, 5, 6}


def test_a_signature_in_the_column_of_names_is_no_person(list_id):
    signed = dict.fromkeys(COLUMNS, "") | {"姓名": "填表人：王老师", "证件号码": "日期：2026-11-23"}
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1), signed, {**signed, "手机号": "139"}]))
    assert upload_queries.left_out_of(db.session.get_one(UnitListUpload, upload_id)) == [3]
    assert [line.plan for line in rosters.lines(upload_id)] == ["add", "fault"]


@pytest.mark.parametrize(("number", "left_out"), [(None, []), ("2026-11-23", [3]), ("审核人：李", [3]), ("", [3])])
def test_a_document_number_beside_a_name_like_a_signature_is_a_persons(list_id, number, left_out):
    one = rosters.person(2, 姓名="联系人：张三", 手机号="")
    signed = one if number is None else dict.fromkeys(COLUMNS, "") | {"姓名": "联系人：张三", "证件号码": number}
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1), signed]))
    assert upload_queries.left_out_of(db.session.get_one(UnitListUpload, upload_id)) == left_out
    assert [line.plan for line in rosters.lines(upload_id)] == ["add"] + ["fault"] * (not left_out)


def test_a_sheet_of_people_alone_leaves_nothing_out(list_id):
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(1)]))
    assert upload_queries.left_out_of(db.session.get_one(UnitListUpload, upload_id)) == []


def office_sheet(people: list[dict[str, str]], runs: list[str]) -> bytes:
    """Return a sheet as offices make them: a title over all, numbers drawn down too far, cells merged down, a signature
    under it; the first half goes to the first run."""
    memory, head = io.BytesIO(), ["序号", "姓名", "身份证号码", "联系电话", "人员类别", "场次"]
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as made:
        page = made.add_worksheet("报名表")
        page.merge_range(0, 0, 0, 5, "报名表")
        page.write_row(1, 0, head)
        for n, one in enumerate(people):
            page.write_row(2 + n, 0, [n + 1, one["姓名"], one["证件号码"], one["手机号"]])
        end, half = 2 + len(people), 2 + len(people) // 2
        if len(people) > 2:
            page.merge_range(2, 4, end - 1, 4, "教职工")
            page.merge_range(2, 5, half - 1, 5, runs[0])
            page.merge_range(half, 5, end - 1, 5, runs[1])
        for n in range(3):
            page.write_number(end + n, 0, len(people) + n + 1)
        page.merge_range(end + 3, 1, end + 3, 5, "填表人：王老师　电话：0510-86800000")
        page.write_string(end + 4, 0, "校长签字：")
    return memory.getvalue()


def die_after(monkeypatch, module, name, calls):
    """Let the ``calls``-th call of a function of ``module`` be a kill."""
    real, left = getattr(module, name), [calls]

    def dying(*args, **named):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(module, name, dying)


def revive() -> None:
    """Let the killed worker's lease run out, as the database's clock does."""
    db.session.remove()
    with unit_of_work():
        for job in db.session.scalars(select(Job).where(Job.state == "running")):
            job.lease_until, job.state = 0.0, "queued"
