"""The liaison's pages and the private link, as forms: from the empty list to the printed codes."""

import io
import re
import secrets
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import queries, upload_queries
from chengjiu_mp.lists.models import UnitList, UnitListUpload
from chengjiu_mp.lists.sheet import COLUMNS
from tests import counting, factories, rosters
from tests.sheets import book, with_member
from tests.web.test_console_runs import desk, post, token_in

ONE = rosters.person(1)


@pytest.fixture
def liaison(client: FlaskClient) -> FlaskClient:
    return desk(client, "unit_manager", "chengjiang")


def a_list(client: FlaskClient) -> int:
    """Make a list over one run, by the form."""
    with factories.made():
        run_id, unit_id = factories.run().id, factories.unit("chengjiang").id
    page = f"/console/lists/new?unit_id={unit_id}"
    reply = post(client, page, "/console/lists/new", unit_id=unit_id, title="教师名单", run_ids=run_id)
    assert reply.status_code == 303
    return int(reply.headers["Location"].rpartition("/")[2])


def send(client: FlaskClient, list_id: int, content: bytes, name: str = "名单.xlsx") -> Any:
    page = f"/console/lists/{list_id}"
    return post(client, page, f"{page}/uploads", file=(io.BytesIO(content), name))


def enrolled(client: FlaskClient, people: list[dict[str, str]]) -> tuple[int, str]:
    """Return a list and the address of its upload, enrolled."""
    list_id = a_list(client)
    url = send(client, list_id, rosters.sheet(people)).headers["Location"]
    rosters.work()
    assert post(client, url, f"{url}/confirm", agreed="1").status_code == 303
    rosters.work()
    return list_id, url


def visitor(client: FlaskClient) -> FlaskClient:
    """Return another browser: the liaison's own would hold the ticket."""
    return client.application.test_client()


def test_no_list_yet_and_the_way_to_the_first(liaison):
    page = liaison.get("/console/lists/").text
    assert "还没有名单" in page
    assert 'href="/console/lists/new"' in page


def test_a_new_list_names_what_is_missing_and_keeps_what_was_typed(liaison):
    with factories.made():
        factories.run()
        unit_id = factories.unit("chengjiang").id
    page = f"/console/lists/new?unit_id={unit_id}"
    reply = post(liaison, page, "/console/lists/new", unit_id=unit_id, title="我的名单")
    assert (reply.status_code, "请至少选一个场次" in reply.text, 'value="我的名单"' in reply.text) == (422, True, True)


@pytest.mark.parametrize("asked", ["²", "٣", "9" * 5000, "-1", "0"])
def test_a_unit_that_is_no_number_of_ours_is_asked_for_again(liaison, asked):
    page = liaison.get(f"/console/lists/new?unit_id={asked}")
    sent = post(liaison, "/console/lists/new", "/console/lists/new", unit_id=asked, run_ids="1")
    assert (page.status_code, sent.status_code) == (200, 422)


def test_the_dry_run_says_which_rows_are_no_people(liaison):
    rows = [["教师名单"], list(COLUMNS), [ONE.get(name, "") for name in COLUMNS], ["填表人：王"], [], ["", "（盖章）"]]
    url = send(liaison, a_list(liaison), book(rows)).headers["Location"]
    rosters.work()
    page = liaison.get(url.partition("/uploads")[0]).text
    assert re.search(r'uploads/\d+"><span class="kept">11月23日（周一）12:00</span></a>', page)
    page = liaison.get(url).text
    assert "另有 3 行不是人员（第 1、4、6 行），没有算进来。" in page
    reply = post(liaison, url, f"{url}/confirm", agreed="1")
    rosters.work()
    assert "第 1、4、6 行" in liaison.get(reply.headers["Location"]).text


def test_the_dry_run_points_at_who_was_removed_and_would_come_back(liaison):
    people = [rosters.person(n) for n in (1, 2)]
    list_id, _ = enrolled(liaison, people)
    row = next(one.row.id for one in queries.people_of(list_id) if one.name == ONE["姓名"])
    person = f"/console/lists/{list_id}/people/{row}"
    assert post(liaison, person, f"{person}/remove", reason="出差").status_code == 303
    url = send(liaison, list_id, rosters.sheet(people)).headers["Location"]
    rosters.work()
    page = liaison.get(url).text
    assert ("没有发现问题" in page, "有 1 人写了说明" in page) == (False, True)
    shown = liaison.get(f"{url}?show=told").text
    assert ("之前移出过名单" in shown, people[0]["姓名"] in shown, people[1]["姓名"] in shown) == (True, True, False)


def test_from_the_sheet_to_the_codes(liaison):
    list_id, url = enrolled(liaison, [ONE, rosters.person(2, 手机号="139")])
    page = liaison.get(url).text
    assert "报名结果" in page
    assert "手机号应是 11 位数字" in page
    assert ONE["证件号码"] not in page
    tickets = liaison.get(f"/console/lists/{list_id}/tickets")
    assert "单位点名码" in tickets.text
    code = db.session.scalars(select(Signup.code)).one()
    assert f"{code[:3]} {code[3:]}" in tickets.text
    assert tickets.headers["Cache-Control"] == "no-store"


def test_the_dry_run_waits_for_the_liaisons_word(liaison):
    list_id = a_list(liaison)
    url = send(liaison, list_id, rosters.sheet([ONE])).headers["Location"]
    assert "正在核对表格" in liaison.get(url).text
    assert liaison.get(f"{url}/state").json["state"] == "working"
    rosters.work()
    assert liaison.get(f"{url}/state").json["state"] == "done"
    assert "会报上" in liaison.get(url).text
    reply = post(liaison, url, f"{url}/confirm")
    assert (reply.status_code, "请先确认名单上的人都看过须知" in reply.text) == (422, True)
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 0


def test_of_a_list_over_several_runs_everybodys_run_is_told_and_can_be_chosen(liaison):
    with factories.made():
        runs = [factories.run(title=title).id for title in ("上午班", "下午班")]
        unit_id = factories.unit("chengjiang").id
    page = f"/console/lists/new?unit_id={unit_id}"
    made = post(liaison, page, "/console/lists/new", unit_id=unit_id, title="两班", run_ids=[str(one) for one in runs])
    list_id = int(made.headers["Location"].rpartition("/")[2])
    people = [rosters.person(n, 场次=title) for n, title in enumerate(("上午班", "下午班"))]
    url = send(liaison, list_id, rosters.sheet(people)).headers["Location"]
    rosters.work()
    assert re.findall(r"([上下]午班)</span></td>", liaison.get(url).text) == ["上午班", "下午班"]
    post(liaison, url, f"{url}/confirm", agreed="1")
    rosters.work()
    shown = liaison.get(f"/console/lists/{list_id}?run={runs[1]}").text
    assert re.findall(r'<div class="who"><p><b><a[^>]*>([^<]*)<', shown) == [people[1]["姓名"]]
    assert re.search(r'aria-current="true">[^<]*下午班', shown)


def test_the_words_to_paste_name_a_hundred_and_how_many_there_are(liaison):
    list_id = a_list(liaison)
    page, run_id = f"/console/lists/{list_id}", queries.runs_of(list_id)[0].run.id
    names = "\n".join(rosters.person(n)["姓名"] for n in range(103))
    post(liaison, page, f"{page}/names", run_id=run_id, names=names)
    post(liaison, page, f"{page}/link", on="1")
    shown = liaison.get(page).text
    assert "还没确认的（103 人）" in shown
    pasted = re.findall(r'data-copy="([^"]*还没确认的：[^"]*)"', shown)[0]
    assert (pasted.count("、"), pasted.endswith("等 103 人")) == (99, True)
    assert f'<span class="kept">{rosters.person(0)["姓名"]}、</span>' in shown


def test_a_second_tap_on_confirm_enrols_once(liaison):
    list_id, url = enrolled(liaison, [ONE])
    assert post(liaison, f"/console/lists/{list_id}", f"{url}/confirm", agreed="1").status_code == 303
    rosters.work()
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 1


def test_the_result_comes_back_whole_to_who_uploaded_it(liaison):
    _, url = enrolled(liaison, [ONE])
    assert rosters.cells(liaison.get(f"{url}/result.xlsx").data)[1][2] == ONE["证件号码"]
    with factories.made():
        other = factories.bearer("operator")
    assert rosters.cells(visitor(liaison).get(f"{url}/result.xlsx", headers=other).data)[1][2].startswith("****")


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x03\x04 and then nothing"])
def test_a_file_that_is_no_sheet_is_refused_at_the_door(liaison, content):
    reply = send(liaison, a_list(liaison), content)
    assert reply.status_code == 422
    assert "f-file-error" in reply.text
    assert db.session.scalar(select(func.count()).select_from(UnitListUpload)) == 0


def test_a_sheet_of_something_else_says_which_columns_are_missing(liaison):
    url = send(liaison, a_list(liaison), rosters.sheet([{"名": "张三"}], columns=["名", "手机号"])).headers["Location"]
    rosters.work()
    assert "没有找到这几列：姓名、证件号码" in liaison.get(url).text


def test_the_template_reads_back_as_a_sheet_without_people(liaison):
    list_id = a_list(liaison)
    content = liaison.get(f"/console/lists/{list_id}/template.xlsx").data
    url = send(liaison, list_id, content).headers["Location"]
    rosters.work()
    assert "表头下面还没有人" in liaison.get(url).text


def test_the_link_is_opened_and_the_reminder_carries_it(liaison):
    list_id = a_list(liaison)
    page = f"/console/lists/{list_id}"
    assert "data-copy" not in liaison.get(page).text
    post(liaison, page, f"{page}/link", on="1")
    post(liaison, page, f"{page}/names", run_id=queries.runs_of(list_id)[0].run.id, names="王芳\n陆晓燕")
    text = liaison.get(page).text
    assert queries.link_of(db.session.get_one(UnitList, list_id)) in text
    assert "还没确认的：王芳、陆晓燕" in text


def test_names_that_nobody_has_are_named_by_line_and_kept(liaison):
    list_id = a_list(liaison)
    page = f"/console/lists/{list_id}"
    reply = post(liaison, page, f"{page}/names", run_id=queries.runs_of(list_id)[0].run.id, names="王芳\n王5")
    assert reply.status_code == 422
    assert "第 2 行：" in reply.text
    assert "王芳\n王5" in reply.text
    assert queries.figures_of(list_id)["people"] == 0


def test_somebody_else_is_sent_and_the_error_keeps_the_form(liaison):
    list_id, _ = enrolled(liaison, [ONE])
    url = f"/console/lists/{list_id}/people/{queries.people_of(list_id)[0].row.id}"
    given = rosters.person(7)
    fields = {
        "name": given["姓名"],
        "doc_number": given["证件号码"],
        "phone": given["手机号"],
        "latin_surname": "Ouyang",
    }
    reply = post(liaison, url, f"{url}/instead", **fields)
    assert (reply.status_code, f'value="{given["姓名"]}"' in reply.text) == (422, True)
    assert 'value="Ouyang"' in reply.text
    assert given["证件号码"] not in reply.text
    assert post(liaison, url, f"{url}/instead", agreed="1", **fields).status_code == 303
    (one,) = queries.people_of(list_id)
    assert one.signup is not None
    assert (one.name, one.signup.latin_name) == (given["姓名"], "Ouyang")


def test_a_liaison_of_another_unit_meets_nothing(liaison):
    list_id, url = enrolled(liaison, [ONE])
    with factories.made():
        other = factories.bearer("unit_manager", "huashi")
    stranger = visitor(liaison)
    for address in (
        f"/console/lists/{list_id}",
        url,
        f"{url}/result.xlsx",
        f"{url}/state",
        f"/console/lists/{list_id}/tickets",
    ):
        assert stranger.get(address, headers=other).status_code == 404


def test_a_teacher_confirms_on_the_own_phone(liaison):
    list_id, _ = enrolled(liaison, [ONE])
    page = f"/console/lists/{list_id}"
    post(liaison, page, f"{page}/link", on="1")
    link = "/u/" + queries.link_of(db.session.get_one(UnitList, list_id)).rpartition("/")[2]
    teacher = visitor(liaison)
    missed = post(teacher, link, link, name=ONE["姓名"], tail="0000")
    assert (missed.status_code, "没有对上名单" in missed.text) == (422, True)
    found = post(teacher, link, link, name=ONE["姓名"], tail=ONE["证件号码"][-4:]).text
    handle = re.search(r'name="handle" value="([^"]+)"', found)
    assert handle
    assert ONE["证件号码"] not in found
    ticks = {"consent.signup": "1", "consent.document_number": "1"}
    sent = {"csrf_token": token_in(found), "handle": handle[1]}
    unticked = teacher.post(f"{link}/mine", data=sent)
    assert (unticked.status_code, "再勾选同意" in unticked.text) == (422, True)
    ticket = teacher.post(f"{link}/mine", data={**sent, **ticks})
    assert ticket.status_code == 303
    assert ONE["姓名"] in teacher.get(ticket.headers["Location"]).text
    assert "您是哪个单位的" not in teacher.get(ticket.headers["Location"]).text
    assert "已确认" in liaison.get(page).text


def test_one_row_is_not_a_place_to_try_documents(liaison):
    list_id = a_list(liaison)
    page = f"/console/lists/{list_id}"
    post(liaison, page, f"{page}/names", run_id=1, names="王芳")
    post(liaison, page, f"{page}/link", on="1")
    link = "/u/" + queries.link_of(db.session.get_one(UnitList, list_id)).rpartition("/")[2]
    found = post(visitor(liaison), link, link, name="王芳").text
    handle = re.search(r'name="handle" value="([^"]+)"', found)
    assert handle
    tries = [visitor(liaison) for _ in range(22)]
    replies = [post(one, link, f"{link}/mine", handle=handle[1], doc_number=factories.resident_id()) for one in tries]
    assert [reply.status_code for reply in replies] == [422] * 20 + [429] * 2


def test_the_page_of_a_long_list_asks_a_fixed_number_of_questions(liaison):
    list_id, _ = enrolled(liaison, [rosters.person(n) for n in range(3)])
    with counting.statements() as few:
        liaison.get(f"/console/lists/{list_id}")
    send(liaison, list_id, rosters.sheet([rosters.person(n) for n in range(30)]))
    rosters.work()
    upload_id = upload_queries.uploads_of(list_id)[0].id
    rosters.confirmed(list_id, upload_id)
    rosters.work()
    with counting.statements() as many:
        liaison.get(f"/console/lists/{list_id}")
    assert len(many) <= len(few) + 3


def test_a_file_over_five_megabytes_is_refused_beside_its_field(liaison):
    page = f"/console/lists/{a_list(liaison)}"
    content = with_member(book([["姓名"]]), "xl/media/image1.png", secrets.token_bytes(5_300_000))
    # Encoded here: the client would write it into a file that nobody closes.
    form = {
        "csrf_token": token_in(liaison.get(page).text),
        "file": FileStorage(io.BytesIO(content), "名单.xlsx", "file"),
    }
    boundary, body = encode_multipart(form)
    reply = liaison.post(f"{page}/uploads", data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert reply.status_code == 413
    assert "文件超过了 5 MB。请删去图片和不用的工作表" in reply.text
    assert db.session.scalar(select(func.count()).select_from(UnitListUpload)) == 0


def test_thirty_megabytes_are_refused_by_their_length_in_words(liaison):
    url, announced = f"/console/lists/{a_list(liaison)}/uploads", {"CONTENT_LENGTH": "30000000"}
    form = {"data": b"--x", "content_type": "multipart/form-data; boundary=x", "environ_overrides": announced}
    reply = liaison.post(url, **form)
    assert reply.status_code == 413
    assert "请减少内容或换小一点的文件" in reply.text


@pytest.mark.parametrize("far", ["rows", "cell"])
def test_a_sheet_beyond_the_bounds_ends_with_what_to_do(liaison, far):
    """Sixty thousand people, or good lines and one filled cell in the last corner a spreadsheet has."""
    list_id = a_list(liaison)
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("姓名", "证件号码", "手机号"))
    more = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 60_002))
    if far == "cell":
        more = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    sheet_xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1">{head}</row>{more}</sheetData></worksheet>'
    )
    url = send(liaison, list_id, with_member(book([["x"]]), "xl/worksheets/sheet1.xml", sheet_xml.encode())).headers[
        "Location"
    ]
    rosters.work()
    page = liaison.get(url).text
    assert "这份表格没有读成，没有报任何人" in page
    assert "表格的范围太大（最多 10000 行、40 列）" in page
    assert liaison.get(f"{url}/state").json["state"] == "done"
