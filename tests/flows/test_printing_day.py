"""A clerk's printing day, by the pages alone: confirm, print, post one, hand out the others, correct one, print again."""

import io
import re
from collections.abc import Iterator

import pypdf
import pytest
from playwright.sync_api import Browser, expect

from tests.flows.walking import PICTURE, City, Person, running_city

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.slow]

PASSWORD = "chengjiu-demo"


@pytest.fixture(scope="module")
def city(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with running_city(tmp_path_factory.mktemp("printing") / "data") as running:
        running.at(running.morning)
        yield running


def staff(browser: Browser, city: City, username: str) -> Person:
    one = Person(browser, city, desk=True)
    one.opens("/console/signin")
    one.fills(username=username, password=PASSWORD)
    one.presses("登录")
    expect(one.page.locator(".account")).to_be_visible()
    return one


def confirms(approver: Person) -> str:
    """Confirm the class that waits, and return its title."""
    approver.opens("/console/results/")
    link = approver.page.locator("main table a").first
    title = link.inner_text().strip()
    link.click()
    approver.presses("确认并发证")
    approver.presses("确认并发证")
    approver.sees("张证书")
    return title


def rows(clerk: Person) -> dict[str, str]:
    """The ledger as {number: its row's words}."""
    found = clerk.page.locator("table.ledger tbody tr").all_inner_texts()
    return {words.split()[0]: words for words in found}


def prints(clerk: Person, ledger: str, which: str) -> list[str]:
    """Make cards, wait for the worker, take the PDF and enter it as printed; return the words of its pages."""
    clerk.opens(ledger)
    clerk.chooses(which=which)
    clerk.presses("生成")
    button = clerk.page.get_by_role("link", name="下载 PDF")
    expect(button).to_be_visible(timeout=PICTURE)
    with clerk.page.expect_download() as taken:
        button.click()
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(taken.value.path().read_bytes())).pages]
    clerk.presses("已经印好，登记")
    clerk.sees("打印台账")
    return pages


def until_drawn(clerk: Person, ledger: str) -> dict[str, str]:
    """Come back until the worker has drawn every picture; return the ledger."""
    for _ in range(60):
        clerk.opens(ledger)
        if "图片没有做好" not in "".join(rows(clerk).values()):
            break
        clerk.page.wait_for_timeout(1000)
    return rows(clerk)


def sets_ways(clerk: Person, ledger: str) -> str:
    """The first asked for the post, the others come to the desk; return the page of the first one's paper."""
    clerk.page.locator("table.ledger tbody tr").first.get_by_role("link").click()
    clerk.sees("替本人选领取方式")
    by_post = clerk.page.url.removeprefix(clerk.city.url)
    clerk.page.locator("summary", has_text="替本人选领取方式").click()
    clerk.page.get_by_label("邮寄", exact=True).check()
    clerk.fills(name="张三", phone="13700001234", address="江阴市澄江街道虹桥路 1 号")
    clerk.presses("保存")
    clerk.sees("先在场次台账里打印并登记")
    clerk.opens(ledger)
    clerk.presses("没选过的都改为自取")
    return by_post


def posts(clerk: Person, by_post: str) -> None:
    """The parcel goes, and when it has come the address is gone."""
    clerk.opens(by_post)
    clerk.presses("查看收件地址")
    clerk.sees("虹桥路")
    clerk.fills(tracking="SF1234567890123")
    clerk.presses("已寄出")
    clerk.sees("SF1234567890123")
    clerk.presses("已送达")
    clerk.presses("已送达，删除地址")
    clerk.sees("没有收件地址")


def corrects(clerk: Person, approver: Person, number: str, name: str) -> None:
    """The clerk, who has seen the document, proposes another name, and the approver agrees."""
    clerk.opens("/console/certificates/")
    clerk.presses(number)
    clerk.page.get_by_role("link", name="姓名印错了，提出更正").click()
    clerk.chooses(seen_document="居民身份证")
    clerk.fills(name=name, reason="与证件核对，姓名录错")
    clerk.presses("提出，等待复核")
    clerk.sees("要另一位复核人来决定")
    approver.opens("/console/certificates/requests/")
    approver.presses(number)
    approver.presses("同意更正")
    approver.presses("同意更正")
    approver.sees("已办好")


def hands_out(clerk: Person) -> dict[str, str]:
    """Tick whoever can be ticked, and enter that they came; return the ledger."""
    for box in clerk.page.locator("table.ledger input[type=checkbox]").all():
        box.check()
    clerk.presses("勾选的已领取")
    expect(clerk.page.locator("table.ledger input[type=checkbox]")).to_have_count(0)
    return rows(clerk)


def test_a_printing_day(browser: Browser, city: City) -> None:
    approver, clerk = staff(browser, city, "approve"), staff(browser, city, "ops")
    title = confirms(approver)
    clerk.opens("/console/printing/")
    clerk.presses(title)
    clerk.sees("打印台账")
    ledger = clerk.page.url.removeprefix(city.url).partition("#")[0]
    numbers = list(until_drawn(clerk, ledger))
    assert len(numbers) >= 3
    by_post = sets_ways(clerk, ledger)
    pages = prints(clerk, ledger, "选了自取或邮寄、还要打印的")
    assert len(pages) == -(-len(numbers) // 9)
    assert all(number in "".join(pages) for number in numbers)
    assert all("已打印" in words for words in rows(clerk).values())
    posts(clerk, by_post)

    # A name is wrong: its paper stays at the desk until it is printed again.
    wrong = numbers[1]
    corrects(clerk, approver, wrong, "陈更正")
    until_drawn(clerk, ledger)
    clerk.sees("有 1 张打印后又更正过姓名")
    shown = hands_out(clerk)
    assert [number for number in numbers[1:] if "已领取" not in shown[number]] == [wrong]

    again = prints(clerk, ledger, "更正后需重印的")
    assert len(again) == 1
    assert re.findall(r"JY\w+", again[0]) == [wrong]
    assert "陈更正" in again[0]
    shown = hands_out(clerk)
    assert "第 2 版" in shown[wrong] and "已领取" in shown[wrong] and "需重印" not in "".join(shown.values())
    for one in (approver, clerk):
        one.leaves()
