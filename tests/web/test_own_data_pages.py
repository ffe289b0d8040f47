"""我的信息, 撤回同意, 删除, 隐私说明 and 告知书, by forms alone."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from chengjiu_mp import reference
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.notices import draft_of
from tests import factories, issued, owndata, signups

TEXT = "江阴市红十字会为办理应急救护培训收集您的姓名、证件号码和手机号。\n用完即删，可以随时撤回。"


def token_in(page: str) -> str:
    return re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]


def post(client: FlaskClient, url: str, back: str = "", **form: str) -> Any:
    return client.post(url, data={"csrf_token": token_in(client.get(back or url).text), **form})


def sign_in(client: FlaskClient, phone: str) -> None:
    post(client, "/signin", phone=phone, next="/me/data")
    code = re.findall(r"\d{6}", queries.messages_to(privacy.phone_index(phone))[0].body)[0]
    db.session.remove()
    assert post(client, "/signin/code", code=code).headers["Location"] == "/me/data"


def opened(client: FlaskClient, phone: str, name: str = "张三") -> str:
    """Sign in, say the name, and return the page of what is held."""
    sign_in(client, phone)
    assert post(client, "/me/data", name=name).status_code == 303
    return client.get("/me/data").text


@pytest.fixture
def phone() -> str:
    return factories.phone()


@pytest.fixture
def mine(app: Any, phone: str) -> Signup:
    with factories.made():
        run = factories.run()
    return signups.signed(run.id, phone=phone).signup


def test_a_visitor_is_sent_to_sign_in_first(client, mine):
    assert client.get("/me/data").headers["Location"] == "/signin?next=%2Fme%2Fdata"


def test_a_password_is_not_enough(client, app):
    with factories.made():
        headers = factories.bearer("operator")
    assert "/signin?switch=1" in client.get("/me/data", headers=headers).headers["Location"]


def test_a_code_and_the_name_open_what_is_held(client, mine, phone):
    page = opened(client, phone)
    assert "CPR+AED 公益培训" in page and "居民身份证 ****" in page
    assert phone not in page and f"{phone[:3]}****{phone[-4:]}" in page


def test_a_wrong_name_is_asked_again_and_says_what_to_do(client, mine, phone):
    sign_in(client, phone)
    again = post(client, "/me/data", name="李四")
    assert again.status_code == 404
    assert "带身份证件到现场" in again.text and 'value="李四"' in again.text


@pytest.mark.parametrize("path", ["/me/consents", "/me/erasure", "/me/data/my-data.xlsx", "/me/consents/1/withdraw"])
def test_without_the_name_every_page_leads_back(client, mine, phone, path):
    sign_in(client, phone)
    assert client.get(path).headers["Location"] == "/me/data"


def test_a_copy_in_two_forms_holds_no_formula(client, app, phone):
    with factories.made():
        run = factories.run(title="=cmd|' /C calc'!A0")
    signups.signed(run.id, phone=phone)
    opened(client, phone)
    sheet = client.get("/me/data/my-data.xlsx")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="my-data.xlsx"'
    with zipfile.ZipFile(io.BytesIO(sheet.data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert "=cmd" in book.read("xl/sharedStrings.xml").decode()
    copy = client.get("/me/data/my-data.json")
    assert copy.json["people"][0]["signups"][0]["title"].startswith("=cmd")
    assert copy.headers["Cache-Control"] == "private, no-store"


def test_the_consents_are_listed_with_their_text_and_withdrawn_after_a_question(client, mine, phone):
    opened(client, phone)
    page = client.get("/me/consents").text
    assert page.count("第 1 版") == 2 and "/privacy/signup/1" in page
    asked = client.get("/me/consents/1/withdraw").text
    assert "的报名会取消，名额让给下一位" in asked and "撤回并取消报名" in asked
    done = post(client, "/me/consents/1/withdraw")
    assert done.headers["Location"] == "/me/consents?done=withdrawn"
    assert "撤回时间" in client.get("/me/consents").text
    assert owndata.again(mine).state == "withdrawn"
    assert client.get("/me/consents/1/withdraw").headers["Location"] == "/me/consents"


def test_an_erasure_says_first_what_goes_and_is_confirmed(client, mine, phone):
    opened(client, phone)
    page = client.get("/me/erasure").text
    assert "还没开始的 1 个报名会取消" in page and "用手机号查不到证书" in page
    refused = client.post("/me/erasure", data={"csrf_token": token_in(page)})
    assert refused.status_code == 422 and owndata.opened(mine)[0] == "张三"
    done = client.post("/me/erasure", data={"csrf_token": token_in(page), "understood": "1"})
    assert done.headers["Location"] == "/me/erased"
    page = client.get("/me/erased").text
    assert ("已经删除" in page, "证书" in page.partition("<main")[2].partition("</main")[0]) == (True, False)
    assert owndata.opened(mine) == owndata.GONE
    assert client.get("/me/data").headers["Location"].startswith("/signin")


def test_a_holder_chooses_what_becomes_of_the_index(client, app):
    certificate = issued.issue("张三")[0]
    opened(client, issued.phone_of(certificate))
    page = client.get("/me/erasure").text
    assert "1 张证书的编号" in page and "保留到" in page
    form = {"csrf_token": token_in(page), "understood": "1", "certificates": "forget"}
    done = client.post("/me/erasure", data=form)
    assert done.headers["Location"] == "/me/erased?certificates=1"
    assert "证书上的二维码仍能验真" in client.get(done.headers["Location"]).text
    assert client.get(f"/v/{issued.token(certificate)}").status_code == 200


def test_an_erased_persons_place_reads_erased_on_the_lists(client, app, phone):
    with factories.made():
        run = factories.run(starts_in=timedelta(minutes=-5))
        row = factories.signup(run, phone=phone)
        headers = factories.bearer("operator")
    opened(client, phone)
    page = client.get("/me/erasure").text
    client.post("/me/erasure", data={"csrf_token": token_in(page), "understood": "1"})
    roster = client.get(f"/api/v1/runs/{run.id}/signups", headers=headers).json["items"]
    assert [(one["id"], one["name"], one["doc_last4"]) for one in roster] == [(row.id, "已删除", None)]
    assert "已删除" in client.get(f"/console/runs/{run.id}", headers=headers).text
    assert "已删除" in client.get(f"/console/runs/{run.id}/checkins", headers=headers).text


# The privacy page and the notices


def notice(client: FlaskClient, headers: dict[str, str], purpose: str = "signup", **form: str) -> Any:
    return client.post(
        f"/console/notices/{purpose}/draft", data={"title": "报名告知", "body": TEXT, **form}, headers=headers
    )


@pytest.fixture
def office(app: Any) -> dict[str, dict[str, str]]:
    with factories.made():
        reference.install()
        return {role: factories.bearer(role) for role in ("operator", "approver", "auditor")}


def test_the_privacy_page_says_what_the_rules_ask_for(client, office):
    page = client.get("/privacy").text
    for words in ("江阴市红十字会", "敏感个人信息", "保存 1 年", "保存 3 年", "撤回同意", "注销账号", "境内"):
        assert words in page
    assert "/privacy/signup/1" in page


def test_an_operator_drafts_an_approver_publishes_and_the_old_text_stays(client, office):
    assert notice(client, office["operator"]).headers["Location"] == "/console/notices/signup/preview"
    shown = client.get("/console/notices/signup/preview", headers=office["operator"]).text
    assert "还没有发布" in shown and "请告诉复核人" in shown
    draft = draft_of("signup")
    assert draft is not None
    assert client.post(f"/console/notices/{draft.id}/publish", headers=office["operator"]).status_code == 403
    done = client.post(f"/console/notices/{draft.id}/publish", headers=office["approver"])
    assert done.headers["Location"] == "/privacy/signup/2"
    assert "用完即删" in client.get("/privacy/signup/2").text
    old = client.get("/privacy/signup/1")
    assert old.status_code == 200 and "这是以前的版本" in old.text
    assert client.get("/privacy/signup/3").status_code == 404


def test_a_short_text_is_kept_and_asked_again(client, office):
    refused = notice(client, office["operator"], body="太短了")
    assert refused.status_code == 422 and "太短了</textarea>" in refused.text


def test_auditors_read_and_change_nothing(client, office):
    assert client.get("/console/notices/", headers=office["auditor"]).status_code == 200
    assert notice(client, office["auditor"]).status_code == 403


def test_the_settings_show_the_periods_nobody_confirmed(client, office):
    page = client.get("/console/settings/", headers=office["auditor"]).text
    part = page[page.index("个人信息保存期限") :]
    assert part.count("待业务核实") == 6 and "保存 180 天" in part
