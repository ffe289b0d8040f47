"""One code for a venue, a town or a series: who makes it, what it lists, and that it stays the same."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.errors import UnknownChoice
from chengjiu_mp.courses.links import (
    LinkShown,
    link_by_token,
    link_shown,
    link_to,
    link_token,
    links_in_scope,
    runs_behind,
)
from chengjiu_mp.courses.models import SeatPool
from chengjiu_mp.courses.series_models import CourseSeries, PosterLink, SeriesRun
from tests import factories

pytestmark = pytest.mark.usefixtures("app")


def link(kind: str, target_id: int) -> LinkShown:
    with unit_of_work():
        token = link_token(link_to(kind, target_id))
    return link_by_token(token)


def titles(found: LinkShown) -> list[str]:
    return [one.run.title for one in runs_behind(found)]


def test_a_target_has_one_link_for_good() -> None:
    with factories.made():
        town, hall = factories.unit().id, factories.venue().id
    assert link("unit", town).url == link("unit", town).url != link("venue", hall).url
    assert db.session.scalar(select(func.count(PosterLink.id))) == 2
    assert (link("unit", town).title, link("venue", hall).address) == ("澄江街道", "江阴市澄江中路 1 号")


def test_a_town_lists_what_is_below_it_and_nothing_else() -> None:
    with factories.made():
        factories.run(title="街道的")
        factories.run(title="学校的", unit_id=factories.child_unit().id, starts_in=timedelta(days=2))
        factories.run(title="别镇的", unit_id=factories.unit("nanzha").id)
        factories.run(title="草稿", state="draft")
        town = factories.unit().id
    assert titles(link("unit", town)) == ["学校的", "街道的"]


def test_a_venue_and_a_series_list_their_own() -> None:
    with factories.made():
        hall = factories.venue().id
        here = factories.run(title="这里", venue_id=hall)
        factories.run(title="别处")
        refresh = factories.run(title="师资复训", kind="instructor_refresh")
        series = CourseSeries(uid="a" * 32, unit_id=here.unit_id, title="周末班")
        db.session.add(series)
        db.session.flush()
        db.session.add_all(SeriesRun(run_id=run.id, series_id=series.id) for run in (here, refresh))
    assert titles(link("venue", hall)) == ["这里"]
    # Whoever holds a series' own link may see its kind.
    assert sorted(titles(link("series", series.id))) == ["师资复训", "这里"]


def test_runs_with_a_seat_come_first() -> None:
    with factories.made():
        full = factories.run(title="满了", starts_in=timedelta(days=1))
        pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == full.id)).one()
        pool.taken = pool.capacity
        factories.run(title="没开放", starts_in=timedelta(days=2), signup_opens_at=clock.now() + timedelta(1))
        factories.run(title="有位", starts_in=timedelta(days=9))
        town = factories.unit().id
    assert titles(link("unit", town)) == ["有位", "满了", "没开放"]


def test_only_staff_of_the_unit_make_and_see_its_link() -> None:
    with factories.made():
        here, town, other = (
            factories.account("unit_manager", "chengjiang"),
            factories.unit().id,
            factories.unit("nanzha").id,
        )
        hall = factories.venue("nanzha").id
    elsewhere = link("unit", other)
    with factories.acting(here):
        assert link("unit", town).unit_id == town
        for kind, target in (("unit", other), ("venue", hall), ("unit", 999_999)):
            with pytest.raises(NotFound):
                link(kind, target)
        assert [one.unit_id for one in links_in_scope()] == [town]
        with pytest.raises(NotFound):
            link_shown(elsewhere.link.id)


@pytest.mark.parametrize("token", ["", "x", "a" * 26, "A" * 26, "a" * 25, "MP_verify_abc.txt"])
def test_a_wrong_token_opens_nothing(token: str) -> None:
    with pytest.raises(NotFound):
        link_by_token(token)


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(UnknownChoice):
        link("run", 1)


@pytest.mark.parametrize("values", [{}, {"kind": "venue"}, {"kind": "run"}, {"venue": True}])
def test_the_database_holds_a_link_to_one_target(values: dict[str, Any]) -> None:
    with factories.made():
        town, hall = factories.unit().id, factories.venue().id
    given = {"kind": "unit", "unit_id": town, **values}
    if given.pop("venue", False):
        given["venue_id"] = hall
    row = PosterLink(uid="a" * 32, token_hash=b"h", token_sealed=b"s", **given)
    if values:
        with pytest.raises(IntegrityError), unit_of_work():
            db.session.add(row)
            db.session.flush()
        return
    with unit_of_work():
        db.session.add(row)
