"""The certificates' own menu: each role sees what it may follow, grouped, and every line leads somewhere."""

import re

import pytest
from flask.testing import FlaskClient

from tests import factories

HOME = "/console/certificates/"
GROUPS = ["发证和更改", "编号", "样子", "以前的证书"]


def signed(role: str, unit: str | None = None) -> dict[str, str]:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit)


def menu(client: FlaskClient, path: str, headers: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the groups' words and, label by label, where the lines lead."""
    reply = client.get(path, headers=headers)
    assert reply.status_code == 200
    found = re.search(r'<nav class="sections nav open".*?</nav>', reply.text, re.DOTALL)
    if found is None:
        return [], {}
    lines = {words: href for href, words in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)', found[0])}
    return re.findall(r"<p>([^<]+)</p>", found[0]), lines


@pytest.mark.parametrize(
    ("role", "unit", "groups", "count"),
    [("operator", None, GROUPS, 12), ("approver", None, GROUPS, 12),
     ("auditor", None, [GROUPS[0], GROUPS[1], GROUPS[3]], 10),
     ("unit_manager", "chengjiang", [GROUPS[0], GROUPS[2], GROUPS[3]], 6)],
)  # fmt: skip
def test_every_line_leads_somewhere(
    client: FlaskClient, role: str, unit: str | None, groups: list[str], count: int
) -> None:
    headers = signed(role, unit)
    seen, lines = menu(client, HOME, headers)
    assert seen == groups and len(lines) == count
    for href in lines.values():
        assert menu(client, href, headers) == (seen, lines)


def test_the_line_of_the_page_is_marked_and_deeper_pages_have_no_menu(client: FlaskClient) -> None:
    headers = signed("operator")
    page = client.get("/console/certificates/rules/", headers=headers).text
    assert page.count('<a href="/console/certificates/rules/" aria-current="page">') == 2
    assert menu(client, "/console/runs/", headers) == ([], {})
    assert menu(client, "/console/certificates/earlier/import/", headers) == ([], {})
