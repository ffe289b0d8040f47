"""Forms as a browser without script would send them when nothing was filled in, and what the answer lacks."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

from tests.guards.test_chinese import foreign

# Names that have no other, on pages of staff.
_FILES = {"Excel", "WPS", "xlsx", "CSV", "csv"}


@dataclass
class EmptyForm:
    """One form: where it goes, what it sends untouched, and which of its fields must be filled in."""

    action: str
    browser_judges: bool
    sends: list[tuple[str, str]] = field(default_factory=list)
    required: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.forms, self.links = address, list[EmptyForm](), set[str]()
        self._now: EmptyForm | None = None
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.add(given.get("href", ""))
        elif tag == "form":
            self._now = None
            if given.get("method") == "post":
                self._now = EmptyForm(given.get("action") or self.address, "novalidate" not in given)
                self.forms.append(self._now)
        elif self._now is not None and given.get("name"):
            self._field(self._now, tag, given)
        elif tag == "option" and self._now is not None and self._choice:
            first = all(name != self._choice for name, _ in self._now.sends)
            if first or "selected" in given:
                self._now.sends = [one for one in self._now.sends if one[0] != self._choice]
                self._now.sends.append((self._choice, given.get("value", "")))

    def _field(self, form: EmptyForm, tag: str, given: dict[str, str]) -> None:
        kind, name = given.get("type", "text"), given["name"]
        self._choice = name if tag == "select" else ""
        if kind == "hidden":
            form.sends.append((name, given.get("value", "")))
        elif tag in ("input", "textarea") and kind not in ("submit", "button"):
            if kind in ("radio", "checkbox"):
                if "checked" in given:
                    form.sends.append((name, given.get("value", "on")))
            elif kind != "file":
                form.sends.append((name, ""))
            if "required" in given:
                form.required.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._now is not None:
            # What a form has chosen already, of a few, is answered.
            self._now.required -= {name for name, value in self._now.sends if value}
            self._now = None
        if tag == "select":
            self._choice = ""


def read(client: FlaskClient, address: str, **options: Any) -> _Reader:
    """Return the forms and the links of a page."""
    reader = _Reader(address.partition("#")[0])
    reply = client.get(address, **options)
    if reply.mimetype == "text/html":
        reader.feed(reply.text)
    return reader


def lacking(client: FlaskClient, form: EmptyForm, **options: Any) -> str:
    """Return what is wrong with the answer to a form that was sent empty, "" when nothing is."""
    if form.browser_judges:
        return "the browser judges it"
    reply = client.post(form.action, data=dict(form.sends), **options)
    if not 400 <= reply.status_code < 500:
        return f"answered {reply.status_code}"
    missing = sorted(name for name in form.required if f'id="f-{name}-error"' not in reply.text)
    if missing:
        return f"{reply.status_code}, no sentence at {', '.join(missing)}"
    said = re.findall(r'id="f-[^"]+-error">.*?<span>(.*?)</span>', reply.text)
    words = [word for one in said for word in foreign(f"<p>{one}</p>") if word not in _FILES]
    return f"not in Chinese: {words}" if words or not all(said) else ""
