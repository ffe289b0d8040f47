"""An employer's list: an answer a line, nobody's data, and a receipt that is ours to the letter (feat-N26)."""

from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.certificates import states, verifying_many
from chengjiu_mp.certificates.errors import NothingToVerify, TooManyLines
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.verifying_many import is_ours, read_lines
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import TooMany
from tests import issued


@pytest.fixture
def three(app: Flask) -> list[Certificate]:
    return issued.issue("欧阳娜娜", "张伟", "MARIA LUISA")


def answers(text: str, network: str = "net") -> list[tuple[str, str]]:
    return [(one.code, one.words) for one in verifying_many.verify_lines(read_lines(text), network)]


def numbers(of: list[Certificate]) -> dict[str, str]:
    return {issued.version_of(one).name: one.number for one in of}


def test_each_line_is_answered_in_its_order(three: list[Certificate], frozen: Any) -> None:
    known = numbers(three)
    text = (
        f"姓名\t证书编号\n1 欧阳娜娜\t{known['欧阳娜娜']}\n{known['张伟'].lower()}，张　伟\n"
        f"Maria Luisa {known['MARIA LUISA']}\n李四 {known['张伟']}\n王五 JYA202699999\n只有名字\n"
    )
    assert answers(text) == [
        ("valid", "有效，姓名一致"), ("valid", "有效，姓名一致"), ("valid", "有效，姓名一致"),
        ("name_differs", "姓名不一致"), ("year_incomplete", "该年度证书尚未全部录入，请致电核实"),
        ("unreadable", "看不懂这一行，请写姓名和证书编号，中间空一格"),
    ]  # fmt: skip


def test_states_are_told_with_their_day(three: list[Certificate], frozen: Any) -> None:
    first, second, _ = three
    lines = [f"{issued.version_of(one).name} {one.number}" for one in (first, second)]
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, first.id), "成绩有误")
    frozen.now = frozen.now.replace(year=2029, month=12)
    assert answers("\n".join(lines)) == [
        ("revoked", "已吊销（2026-11-23），姓名一致"), ("expired", "已过期（2029-11-23），姓名一致"),
    ]  # fmt: skip


def test_a_test_certificate_has_no_force(app: Flask) -> None:
    run, by = issued.ready_run("张三")
    with unit_of_work():
        (one,) = confirm(run.id, by, mode="test")
    assert answers(f"张三 {one.number}") == [("test", "测试证书，无效力")]


def test_a_wrong_name_never_brings_the_right_one(client: Any, three: list[Certificate]) -> None:
    known = numbers(three)
    reply = client.post("/api/v1/verify/batch", json={"lines": [{"number": known["欧阳娜娜"], "name": "李四"}]})
    assert reply.json["items"] == [
        {"number": known["欧阳娜娜"], "code": "name_differs", "words": "姓名不一致", "record": ""}
    ]
    assert "欧阳" not in reply.text


def test_the_kept_line_is_ours_and_a_changed_one_is_not(three: list[Certificate]) -> None:
    known = numbers(three)
    (one,) = verifying_many.verify_lines(read_lines(f"张伟 {known['张伟']}"), "net")
    assert one.record.startswith(f"2026-11-23 核验：张伟 {known['张伟']} 有效，姓名一致（回执 ")
    assert is_ours(one.record)
    assert is_ours(f"  「{one.record}」 ")
    for changed in (
        one.record.replace("张伟", "张玮"), one.record.replace("11-23", "11-24"),
        one.record.replace(known["张伟"], known["欧阳娜娜"]), one.record.replace("有效", "已过期"), one.record[:-2] + "A）",
        "", "回执",
    ):  # fmt: skip
        assert changed == one.record or not is_ours(changed)


def test_nobody_s_list_is_too_long_or_empty(client: Any, app: Flask) -> None:
    with pytest.raises(NothingToVerify):
        read_lines(" \n姓名 编号\n")
    assert len(read_lines("张三 JYA1\n" * 200)) == 200
    with pytest.raises(TooManyLines):
        read_lines("张三 JYA1\n" * 201)
    reply = client.post("/api/v1/verify/batch", json={"lines": [{"number": "JYA1", "name": "张三"}] * 201})
    assert (reply.status_code, reply.json["code"]) == (413, "too_many_lines")


def test_a_thousand_guesses_are_stopped_long_before(app: Flask) -> None:
    guesses = ["\n".join(f"张伟 JYA2026{n:05}" for n in range(start, start + 50)) for start in range(0, 1000, 50)]
    made = 0
    with pytest.raises(TooMany):
        for text in guesses:
            made += len(answers(text, "one"))
    assert made <= 100
    assert len(answers("张伟 JYA202600001", "another")) == 1


def test_one_certificate_asked_for_too_often_waits_and_the_list_goes_on(three: list[Certificate]) -> None:
    known = numbers(three)
    text = "\n".join([f"张伟 {known['张伟']}"] * 11 + [f"欧阳娜娜 {known['欧阳娜娜']}"])
    found = [code for code, _ in answers(text)]
    assert found == ["valid"] * 10 + ["later", "valid"]
