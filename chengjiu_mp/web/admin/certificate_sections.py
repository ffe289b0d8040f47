"""The certificates' own menu: what can be done with them, in four groups, on the first page of each part."""

from typing import Any

from flask import current_app, url_for

from chengjiu_mp.certificates.policy import OFFICE_ROLES, PICTURE_ROLES
from chengjiu_mp.certificates.request_queries import number_for
from chengjiu_mp.core.context import Principal
from chengjiu_mp.units.policy import open_units

OFFICE, CLERKS = tuple(sorted(OFFICE_ROLES)), tuple(sorted(PICTURE_ROLES))
CITY, WRITERS = ("operator", "approver", "auditor"), ("operator", "approver")

# Group -> (label, endpoint, roles, whether the role must reach the whole city), in the order of the work.
SECTIONS: dict[str, tuple[tuple[str, str, tuple[str, ...], bool], ...]] = {
    "发证和更改": (
        ("全部证书", "console_certificates.index", OFFICE, False),
        ("证书更改", "console_certificate_requests.index", OFFICE, False),
        ("待补字", "console_glyphs.index", OFFICE, False),
        ("打印和领取", "console_printing.index", OFFICE, False),
    ),
    "编号": (
        ("编号台账", "console_ledger.index", CITY, True),
        ("编号规则", "console_number_rules.index", CITY, True),
        ("待取号", "console_waiting.index", CITY, True),
        ("号段", "console_blocks.index", CITY, True),
        ("上报", "console_handover.index", CITY, True),
    ),
    "样子": (
        ("证书版式", "console_templates.index", WRITERS, True),
        ("套打", "console_printers.index", CLERKS, False),
    ),
    "以前的证书": (("历史证书", "console_earlier.index", OFFICE, False),),
}


def sections(caller: Principal, here: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the groups with what ``caller`` may follow; nothing on a page that is not the first of its part."""
    made = {words: [_item(one) for one in lines if _may(one, caller)] for words, lines in SECTIONS.items()}
    if here not in {line["href"] for lines in made.values() for line in lines}:
        return []
    for line in made["发证和更改"]:
        if line["label"] == "证书更改":
            line["count"] = number_for(caller)
    return [(words, lines) for words, lines in made.items() if lines]


def _may(line: tuple[str, str, tuple[str, ...], bool], caller: Principal) -> bool:
    _, endpoint, roles, city = line
    known = endpoint in current_app.view_functions and caller.has(*roles)
    return known and (not city or open_units(caller, roles) is None)


def _item(line: tuple[str, str, tuple[str, ...], bool]) -> dict[str, Any]:
    return {"label": line[0], "href": url_for(line[1])}
