"""The filters of the home page: kept in the address, so that a list can be sent on."""

from typing import Any

from flask import request, url_for
from pydantic import Field

from chengjiu_mp.core.day_words import day
from chengjiu_mp.core.parsing import Day, In, Invalid, RowId, from_pairs
from chengjiu_mp.courses.models import CourseType
from chengjiu_mp.courses.queries import RunFilter
from chengjiu_mp.units.models import Sector, Unit
from chengjiu_mp.units.queries import subtree_ids


class HomeQuery(In):
    """``unit`` is a town or another row of the plan, with everything below it."""

    kind: str | None = Field(None, max_length=30)
    unit: RowId | None = None
    sector: str | None = Field(None, max_length=20)
    day: Day | None = None
    weekend: bool = False

    def but(self, **changes: Any) -> str:
        """Return the address of the list with some filters changed; None takes a filter away."""
        kept = {**self.model_dump(mode="json"), **changes}
        kept["weekend"] = "1" if kept["weekend"] else None
        return url_for("runs.home", **kept)


def asked_for() -> HomeQuery:
    """Return the filters; an address that was cut or grew on its way narrows nothing."""
    try:
        return from_pairs(HomeQuery, request.args)
    except Invalid:
        return HomeQuery(kind=None, sector=None)


def narrowed(asked: HomeQuery) -> RunFilter:
    """Return the filters as the query knows them."""
    units = subtree_ids(asked.unit) if asked.unit else None
    return RunFilter(asked.kind, units, asked.day, asked.sector, asked.weekend)


def kind_chips(asked: HomeQuery, kinds: list[CourseType]) -> list[dict[str, Any]]:
    """Return one chip for each kind, and one for all; the other filters stay."""
    everything = {"label": "全部", "href": asked.but(kind=None), "current": not asked.kind}
    return [everything] + [
        {"label": k.name, "href": asked.but(kind=k.code), "current": k.code == asked.kind} for k in kinds
    ]


def ways_to_widen(
    asked: HomeQuery, kinds: list[CourseType], units: list[Unit], sectors: list[Sector]
) -> list[dict[str, str]]:
    """Return a link for each filter that is set, which takes this one away and keeps the others."""
    words = {
        "weekend": "周末" if asked.weekend else "",
        "day": day(asked.day) if asked.day else "",
        "sector": next((s.name for s in sectors if s.code == asked.sector), asked.sector or ""),
        "unit": next((u.name for u in units if u.id == asked.unit), "这个单位" if asked.unit else ""),
        "kind": next((k.name for k in kinds if k.code == asked.kind), "这个类别" if asked.kind else ""),
    }
    return [{"label": f"不限“{said}”再找", "href": asked.but(**{name: None})} for name, said in words.items() if said]
