"""Every form that is sent empty comes back in Chinese, with a sentence at each field that must be filled in."""

import re
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from chengjiu_mp.web import templating
from tests import factories, issued, rosters
from tests.families import child_id
from tests.web.emptied import lacking, read
from tests.web.test_citizen_pages import run_page, signed
from tests.web.test_family_pages import adult, guardian_page, page_of
from tests.web.test_signin_pages import ask, sign_in


def wrong_of(client: FlaskClient, pages: list[str], **options: Any) -> tuple[dict[str, str], int]:
    """Return {form: what its answer lacks} of the pages' forms that have something to fill in, and how many there were."""
    found, met = {}, set()
    for page in pages:
        for form in read(client, page, **options).forms:
            name = re.sub(r"\d+|[a-z2-7]{26}", "*", form.action) + " " + ",".join(sorted(form.required))
            # A dialog that asks why is judged by the browser: the answer to an empty one would close it.
            if form.required and not (form.browser_judges and form.required == {"reason"}) and name not in met:
                met.add(name)
                if said := lacking(client, form, **options):
                    found[name] = said
    return found, len(met)


def test_every_citizens_form(app: Flask, client: FlaskClient) -> None:
    landing = run_page()
    ticket = signed(client, landing)
    guardian = guardian_page(client, page_of(), adult(), child_id())
    certificate = issued.issue("王五")[0]
    pages = [
        guardian, "/g", "/signin", "/lookup", "/verify", f"/v/{issued.token(certificate)}", ticket,
        *(f"{ticket}/correct?what={what}" for what in ("name", "document", "phone")), f"{ticket}/withdraw",
    ]  # fmt: skip
    found, forms = wrong_of(client, pages)
    fresh, one = wrong_of(app.test_client(), [f"{landing}/signup"])
    ask(client)
    more, few = wrong_of(client, ["/signin/code"])
    sign_in(client, "/me/data", "13900002222")
    last, fewer = wrong_of(client, ["/me/data"])
    assert found | fresh | more | last == {}
    assert forms + one + few + fewer >= 12


def console_pages(client: FlaskClient, **options: Any) -> list[str]:
    """Return the console's pages that links lead to, one of each kind."""
    todo, kinds = ["/console/"], set[str]()
    pages: list[str] = []
    while todo and len(pages) < 120:
        page = todo.pop(0)
        kind = re.sub(r"\d+", "*", page.partition("?")[0])
        if kind in kinds:
            continue
        kinds.add(kind)
        pages.append(page)
        links = sorted(read(client, page, **options).links)
        todo += [one for one in links if one.startswith("/console/") and not re.search(r"\.\w+$|signout", one)]
    return pages


def test_every_form_of_the_console(app: Flask) -> None:
    client = app.test_client()
    with factories.made():
        factories.run(state="draft")
        factories.signup(factories.run())
        factories.instructor()
        headers = {role: factories.bearer(role) for role in ("operator", "approver", "system")}
    rosters.a_list()
    issued.issue("王五")
    found: dict[str, str] = {}
    forms = 0
    for role in ("operator", "approver", "system"):
        pages = console_pages(client, headers=headers[role])
        wrong, many = wrong_of(client, pages, headers=headers[role])
        found |= wrong
        forms += many
    assert found == {}
    assert forms >= 15


def test_no_form_leaves_the_judging_to_the_browser() -> None:
    asking = [
        f"{file.name}: {tag}"
        for file in sorted((Path(templating.__file__).parent / "templates").rglob("*.html"))
        for tag in re.findall(r"<form\b[^>]*>", file.read_text(encoding="utf-8"))
        if 'method="post"' in tag and "novalidate" not in tag
    ]
    assert asking == []
