"""成批核验 by forms."""

import re

from tests import issued
from tests.web.test_citizen_pages import csrf


def post(client, path, **fields):
    page = client.get(path).text
    return client.post(path, data={"csrf_token": csrf(page), **fields})


def test_a_list_is_answered_and_its_lines_can_be_kept_and_checked(client, app):
    first, second = issued.issue("欧阳娜娜", "张伟")
    names = {one.number: issued.version_of(one).name for one in (first, second)}
    text = f"{names[first.number]} {first.number}\n错名字 {second.number}"
    reply = post(client, "/verify/many", lines=text)
    assert reply.status_code == 200
    assert "2 行，1 张有效" in reply.text
    assert "姓名不一致" in reply.text
    assert names[second.number] not in reply.text
    kept = re.search(r"\d{4}-\d{2}-\d{2} 核验：[^<]*）", reply.text)[0]  # type: ignore[index]
    assert "这条记录属实" in post(client, "/verify/record", record=kept).text
    assert "不是我们的记录" in post(client, "/verify/record", record=kept.replace("有效", "已过期")).text


def test_what_is_wrong_is_said_at_the_field_and_kept(client, app):
    empty = post(client, "/verify/many", lines="")
    assert (empty.status_code, "请一行写一张证书" in empty.text) == (422, True)
    long = post(client, "/verify/many", lines="张三 JYA1\n" * 201)
    assert (long.status_code, "一次最多核验 200 行" in long.text) == (413, True)
    assert "张三 JYA1" in long.text
    assert post(client, "/verify/record", record="").status_code == 422


def test_the_single_check_leads_there(client, app):
    assert 'href="/verify/many"' in client.get("/verify").text
