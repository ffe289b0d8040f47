"""What holds for every template, whoever wrote it: the content policy, the CSRF field, the words."""

import re
from pathlib import Path

import pytest

from chengjiu_mp.web import templating

FOLDER = Path(templating.__file__).parent / "templates"
TEMPLATES = {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.html")}

INLINE = re.compile(r"""\sstyle=["']|\son[a-z]+=["']|javascript:|<style|<script(?![^>]*\ssrc=)""")
ELSEWHERE = re.compile(r"""(?:src|srcset|action|<link[^>]*href)=["'](?:https?:)?//""")
POST_FORM = re.compile(r"""<form[^>]*method=["']post["'].*?</form>""", re.DOTALL | re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_nothing_is_inline_or_comes_from_elsewhere(name: str) -> None:
    assert INLINE.findall(TEMPLATES[name]) == []
    assert ELSEWHERE.findall(TEMPLATES[name]) == []


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_post_form_carries_the_hidden_field(name: str) -> None:
    assert [form[:80] for form in POST_FORM.findall(TEMPLATES[name]) if "csrf()" not in form] == []


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_nobody_is_called_unlawful(name: str) -> None:
    assert re.findall("非法|你(?!们好)", TEMPLATES[name]) == []


def test_the_guards_see_what_they_forbid() -> None:
    assert INLINE.search('<p style="x">')
    assert INLINE.search("<a onclick='x'>")
    assert INLINE.search("<script>x</script>")
    assert ELSEWHERE.search('<script src="//cdn.example.test/x.js">')
    assert POST_FORM.findall('<form class="a" method="post" action="/x"><input></form>')
