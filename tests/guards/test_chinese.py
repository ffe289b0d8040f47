"""What a citizen reads is Chinese, but for names that have no other."""

import re
from html.parser import HTMLParser

import pytest

from chengjiu_mp.core import privacy
from chengjiu_mp.courses.models import CourseRun, Signup
from tests import factories

ALLOWED = {"AED", "CPR", "QR", "PDF", "PNG"}
# Not for citizens, or not a page.
_ELSEWHERE = ("/console", "/api/", "/static/", "/_test/", "/teach")
_FILES = (
    "/healthz", "/readyz", "/metrics", "/favicon.ico", "/sw.js", "/verify-sw.js", "/view", "/manifest.webmanifest",
    "/.well-known/jyrc-keys.json", "/.well-known/jyrc-revoked.json",
)  # fmt: skip


class _Words(HTMLParser):
    """Collects what is seen or read aloud: text, titles, labels, alternatives, placeholders."""

    def __init__(self):
        super().__init__()
        self.words, self._silent = [], 0

    def handle_starttag(self, tag, attrs):
        self._silent += tag in ("script", "style")
        spoken = ("alt", "title", "aria-label", "placeholder", "data-wait")
        self.words += [value or "" for name, value in attrs if name in spoken]

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)


def foreign(html: str) -> list[str]:
    """Return the Latin words of a page that are neither allowed nor part of an address or a code."""
    parser = _Words()
    parser.feed(html)
    text = re.sub(r"https?://\S+", " ", " ".join(parser.words))
    # A ticket's code mixes capitals and digits; a word does not.
    return [w for w in re.findall(r"(?<![A-Za-z0-9])[A-Za-z]{2,}(?![A-Za-z0-9])", text) if w not in ALLOWED]


def pages(app) -> list[str]:
    """Return the rules of the citizens' pages, those with a token in them too."""
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return sorted(r.rule for r in rules if not r.rule.startswith(_ELSEWHERE) and r.rule not in _FILES)


@pytest.fixture
def links():
    """Return what opens the pages that need a token: a published run and a confirmed ticket."""
    with factories.made():
        run = factories.run()
        signup = factories.signup(run)
        signup.code = "AB2345"
        run_token = privacy.unseal(run.token_sealed, place=CourseRun.PLACE, row=run.uid)
        ticket = privacy.unseal(signup.ticket_sealed, place=Signup.PLACE_TICKET, row=signup.uid)
    return {"/s/": run_token, "/i/": ticket}


def _opened(rule: str, links: dict[str, str]) -> str:
    token = next((token for begin, token in links.items() if rule.startswith(begin)), "a" * 26)
    return re.sub(r"<row:\w+>", "1", re.sub(r"<(?:string:)?\w+>", token, rule))


def test_every_page_of_a_citizen_is_in_chinese(app, client, links):
    found = {}
    for rule in pages(app):
        reply = client.get(_opened(rule, links), follow_redirects=True)
        if reply.mimetype == "text/html" and (words := foreign(reply.text)):
            found[rule] = words
    assert found == {}


def test_the_pages_that_open_are_really_open(app, client, links):
    answers = {rule: client.get(_opened(rule, links)).status_code for rule in pages(app)}
    assert {rule for rule, status in answers.items() if status >= 500} == set()
    assert answers["/signin"] == answers["/privacy"] == 200


@pytest.mark.parametrize("page", ["<p>Sign in</p>", '<img alt="Poster">', '<button aria-label="Close">关</button>'])
def test_a_planted_english_word_is_found(page):
    assert foreign(page) != []


@pytest.mark.parametrize("page", ["<p>CPR+AED 培训</p>", "<script>let word</script>", "<p>签到码 AB2345 Z</p>"])
def test_what_has_no_other_name_passes(page):
    assert foreign(page) == []


def test_a_refusal_page_is_in_chinese(client):
    assert foreign(client.get("/nowhere").text) == []
