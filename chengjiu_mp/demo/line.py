"""What the demo city shows of the line: a seat on offer, places kept for a unit, a new date, a class called off, a
family whose child waits for its guardian, a weekly series and a town's link.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from chengjiu_mp.core import clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.courses import changes, links, publishing, reserving, series
from chengjiu_mp.courses.drafting import Draft
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.signing_up import sign_up, sign_up_together
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.demo.people import Extra, extra, extras
from chengjiu_mp.demo.stage import CONSENTS, Plot, Stage
from chengjiu_mp.people.guardians import GuardianEntry
from chengjiu_mp.people.resident_number import check_character

# A series' own key, so that a second seed makes no second one.
_SERIES = "5e1e5e1e5e1e5e1e5e1e5e1e5e1e5e1e"


def offer_a_seat(stage: Stage, plot: Plot) -> CourseRun:
    """A small class, full; somebody gave a seat back, and the first in line, who proved a phone, is asked."""
    run = stage.announce(plot)
    seated, *rest = list(_few(2900, plot.capacity + 3))
    gone = stage.enrol(run, [seated])[0]
    for one in rest:
        with context.acting_as(Principal(phone_index=privacy.phone_index(one.phone))):
            sign_up(run.id, _entry(one), channel="page")
    withdraw(gone, "临时有事")
    return run


def keep_places(run: CourseRun, unit_id: int, places: int) -> None:
    """Keep seats of an open run for a unit."""
    reserving.reserve_places(run, unit_id, places)


def change_the_date(stage: Stage, run: CourseRun, begins: datetime) -> None:
    """Move a run with its people to another day; one of them agreed already."""
    people = stage.enrol(run, _few(2950, 6))
    change = changes.reschedule(run, [Sitting(begins, begins + timedelta(hours=3))], "学校临时安排活动")
    changes.answer(people[0], change.id, "agree")


def call_off(stage: Stage, plot: Plot) -> None:
    """A class that was called off, with its reason."""
    run = stage.announce(plot)
    stage.enrol(run, _few(2970, 4))
    changes.cancel(run, "场地检修")


def bring_a_family(run: CourseRun) -> list[Signup]:
    """A mother and her ten-year-old, who waits for her word."""
    mother, today = extra(2990, "蒋丽"), clock.today()
    child = Entry("蒋小满", _child(today), mother.phone, consents=CONSENTS, health_notice_read=True)
    guardian = GuardianEntry(mother.name, "mother", mother.phone)
    made = sign_up_together(run.id, [_entry(mother), child], channel="page", guardian=guardian, split=True)
    return [one.signup for one in made]


def repeat_weekly(pattern: Draft, title: str) -> Sequence[CourseRun]:
    """A series of evening classes, published."""
    first = clock.day_of(pattern.meetings[0].starts_at)
    begins, ends = (clock.local(at).time() for at in (pattern.meetings[0].starts_at, pattern.meetings[0].ends_at))
    weekly = series.Weekly(frozenset({first.weekday()}), first, begins, ends, count=4)
    drafts = [one.draft for one in series.planned(weekly, pattern) if one.draft is not None]
    made = series.make_series(_SERIES, title, drafts)
    runs = [found.run for found in series.runs_of_series(made.id)]
    for run in runs:
        publishing.publish(run)
    links.link_to("series", made.id)
    return runs


def _few(first: int, many: int) -> Iterator[Extra]:
    for one, _ in zip(extras(first), range(many), strict=False):
        yield one


def _entry(one: Extra) -> Entry:
    return Entry(one.name, one.document, one.phone, consents=CONSENTS, health_notice_read=True)


def _child(today: date) -> str:
    body = f"320281{today.year - 10}0105421"
    return body + check_character(body)
