"""待取号 in the console from the rule to the certificates, and what the holder reads meanwhile."""

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from chengjiu_mp.certificates.api import file_name
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import privacy, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import prove_name, prove_phone
from chengjiu_mp.web.h5.journey import journey_of
from tests import factories
from tests.sheets import book
from tests.waiting import HEADER, row, waits
from tests.web.test_certificate_pages import code_to, post

WAITING = "/console/certificates/waiting/"


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def upload(client: FlaskClient, headers: dict[str, str], *rows: list[str]) -> Any:
    form = {"file": (io.BytesIO(book([HEADER, *rows])), "编号.xlsx")}
    return client.post(f"{WAITING}import/preview", data=form, headers=headers, content_type="multipart/form-data")


def test_out_and_back(client: FlaskClient) -> None:
    headers = signed()
    assert "没有人在等取号" in client.get(WAITING, headers=headers).text
    run = waits("张三", "李四")
    page = client.get(WAITING, headers=headers).text
    assert "等取号的 2 人" in page and "张三" in page
    assert "已确认，待取号" in client.get(f"/console/results/{run.id}", headers=headers).text
    form = {"run": str(run.id), "reason": "到省平台取号", "documents": "1"}
    sent = client.post(f"{WAITING}export", data=form, headers=headers)
    assert sent.status_code == 200 and re.fullmatch(
        r'attachment; filename="waiting-\d+\.xlsx"', sent.headers["Content-Disposition"]
    )
    lines = spreadsheet.read(sent.data).rows
    assert lines[1] == HEADER and [line[1] for line in lines[2:]] == ["张三", "李四"]
    # The very file that went out comes back, with the last column filled in.
    back = [[*lines[2][:-1], "SH2026-871"], [*lines[3][:-1], "SH2026-871"]]
    looked = upload(client, headers, *back)
    assert looked.status_code == 422 and "只给没有问题的 1 人发证" in looked.text and "和第 2 行重复" in looked.text
    back[1][-1] = "SH2026-872"
    looked = upload(client, headers, *back)
    assert looked.status_code == 200 and "确认发证 2 张" in looked.text
    assert db.session.scalars(select(Certificate)).all() == []
    sealed = dict(re.findall(r'name="(sheet|partial)" value="([^"]*)"', looked.text))
    done = client.post(f"{WAITING}import/", data=sealed, headers=headers)
    assert done.status_code == 303
    assert "已给 2 人发证" in client.get(done.headers["Location"], headers=headers).text
    assert "人发证" not in client.get(WAITING, headers=headers).text
    db.session.rollback()
    assert sorted(db.session.scalars(select(Certificate.number))) == ["SH2026-871", "SH2026-872"]
    assert "表里没有新的编号" in upload(client, headers, *back).text
    assert "发出 2 张证书" in client.get(f"/console/results/{run.id}", headers=headers).text


def test_an_export_asks_why(client: FlaskClient) -> None:
    waits("张三")
    page = client.post(f"{WAITING}export", data={"run": "", "reason": ""}, headers=signed())
    assert page.status_code == 422 and "请写明原因" in page.text


@pytest.mark.parametrize(
    ("role", "unit", "grant", "seen", "sent"),
    [
        ("unit_manager", None, {}, 403, 403), ("auditor", None, {}, 200, 403), ("operator", "nanzha", {}, 403, 403),
        ("operator", None, {"read_only": True}, 200, 403), ("approver", None, {}, 200, 200),
    ],
)  # fmt: skip
def test_who_sees_and_who_takes_the_file(
    client: FlaskClient, role: str, unit: str | None, grant: dict[str, Any], seen: int, sent: int
) -> None:
    waits("张三")
    headers = signed(role, unit, **grant)
    assert client.get(WAITING, headers=headers).status_code == seen
    assert client.post(f"{WAITING}export", data={"reason": "取号"}, headers=headers).status_code == sent
    assert upload(client, headers, row("张三", "SH2026-1")).status_code == sent


def holder() -> tuple[Signup, str]:
    waits("张三")
    with unit_of_work():
        signup = db.session.scalars(select(Signup)).one()
        phone = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
        person = db.session.get_one(Person, signup.person_id)
        prove_name(person, "张三", "test")
        prove_phone(person, phone, "test")
    return signup, phone


def test_the_holder_reads_what_happens_now(client: FlaskClient) -> None:
    signup, phone = holder()
    assert post(client, "/lookup", phone=phone, name="张三").headers["Location"] == "/lookup/code"
    assert post(client, "/lookup/code", code=code_to(phone)).headers["Location"] == "/certificates"
    page = client.get("/certificates").text
    assert "正在取号" in page and "会发短信告诉您" in page and "证书编号正在" not in page
    signup = db.session.get_one(Signup, signup.id, options=[joinedload(Signup.run)], populate_existing=True)
    assert journey_of(signup).word == "正在取号"


def test_the_api_says_it_too(client: FlaskClient) -> None:
    _, phone = holder()
    challenge = client.post("/api/v1/certificates/lookup", json={"phone": phone, "name": "张三"}).get_json()[
        "challenge_id"
    ]
    body = {"challenge_id": challenge, "code": code_to(phone), "name": "张三"}
    answer = client.post("/api/v1/certificates/lookup/answer", json=body).get_json()
    assert answer["certificates"] == []
    assert [(one["kind"], one["passed_on"]) for one in answer["waiting"]] == [("CPR+AED", "2026-11-23")]


def test_a_picture_of_a_han_number_can_be_saved() -> None:
    assert file_name("JYA202600001") == 'filename="JYA202600001.jpg"'
    assert file_name("苏红1").encode("latin-1")
