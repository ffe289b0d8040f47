"""The words of a poster and of a ticket's picture; how they are drawn is in ``poster`` and ``ticket_picture``."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from chengjiu_mp.core import clock
from chengjiu_mp.core.day_words import (
    clock_time,
    day,
    day_number,
    day_time,
    day_time_range,
    month,
    time_range,
)
from chengjiu_mp.core.fonts import FontChain, missing_glyphs
from chengjiu_mp.core.site import site
from chengjiu_mp.courses.links import LinkShown
from chengjiu_mp.courses.models import Meeting, Signup
from chengjiu_mp.courses.month_poster import MonthFace, MonthRow, render_month
from chengjiu_mp.courses.poster import PosterFace, render_poster
from chengjiu_mp.courses.queries import RunAndSeats, run_url
from chengjiu_mp.courses.refreshing import certified_kind
from chengjiu_mp.courses.signup_queries import ticket_url
from chengjiu_mp.courses.ticket_picture import TicketFace

ORGANISER = "江阴市红十字会"


def poster_face(found: RunAndSeats, meetings: Sequence[Meeting], chain: FontChain) -> PosterFace:
    """Return the words of a run's poster; drawing them takes half a second, so do it outside of a transaction."""
    run, kind = found.run, found.run.syllabus.course_type
    url = run_url(run)
    return PosterFace(
        kind_name=kind.name,
        title=drawable(run.title, chain),
        dates=tuple(day_time_range(one.starts_at, one.ends_at) for one in meetings),
        place_name=drawable(run.venue.name, chain),
        address=drawable(run.venue.address, chain),
        seats=found.pool.capacity,
        organiser=ORGANISER,
        counts_for=_counts_for(found),
        url=url,
        short_url=url.partition("://")[2],
        phone=site().help_phone,
    )


def month_face(link: LinkShown, first: date, runs: Sequence[RunAndSeats], chain: FontChain) -> MonthFace:
    """Return the words of a month's poster; ``runs`` are those to list, by their day."""
    places = {one.run.venue.name for one in runs}
    one_place = runs[0].run.venue if len(places) == 1 else None
    where = f"{one_place.name}，{one_place.address}" if one_place else link.address
    return MonthFace(
        title=f"{first.month}月应急救护培训",
        subtitle=drawable(link.title, chain),
        place=drawable(where, chain),
        rows=tuple(_month_row(one, chain, with_place=one_place is None) for one in runs),
        organiser=ORGANISER,
        url=link.url,
        short_url=link.url.partition("://")[2],
        phone=site().help_phone,
    )


def _month_row(found: RunAndSeats, chain: FontChain, *, with_place: bool) -> MonthRow:
    run = found.run
    return MonthRow(
        day=day(run.starts_at),
        time=time_range(run.starts_at, run.ends_at) if clock.day_of(run.starts_at) == clock.day_of(run.ends_at)
        else f"{clock_time(run.starts_at)}起，至{month(run.ends_at)}{day_number(run.ends_at)}日",
        title=drawable(run.title, chain),
        place=drawable(run.venue.name, chain) if with_place else "",
    )  # fmt: skip


@lru_cache(maxsize=8)
def month_png(face: MonthFace, chain: FontChain) -> bytes:
    """Return the drawn poster of a month."""
    return render_month(face, chain)


@lru_cache(maxsize=16)
def poster_png(face: PosterFace, chain: FontChain) -> bytes:
    """Return the drawn poster; a public address must not cost half a second each time somebody opens it."""
    return render_poster(face, chain)


def _counts_for(found: RunAndSeats) -> str:
    syllabus = found.run.syllabus
    hours = f"{syllabus.hours:g} 学时"
    if syllabus.course_type.family != "certified":
        return f"{hours}，学会就能救人"
    again = "续" if syllabus.course_type.refresh_of_id is not None else ""
    return f"{hours}，考核合格{again}发{certified_kind(syllabus.course_type).name}电子证书"


def ticket_face(signup: Signup, chain: FontChain) -> TicketFace:
    """Return the words of a ticket's picture; ``signup`` has its run and venue loaded."""
    run = signup.run
    return TicketFace(
        url=ticket_url(signup),
        code=signup.code,
        name=drawable(signup.name, chain),
        latin=drawable(signup.latin_name, chain),
        run_title=drawable(run.title, chain),
        when=day_time(run.starts_at),
        place_name=drawable(run.venue.name, chain),
        address=drawable(run.venue.address, chain),
        organiser=ORGANISER,
    )


def drawable(text: str, chain: FontChain) -> str:
    """Return the text with characters that no font draws as their code points: never a box, never a refused ticket."""
    for point in missing_glyphs(text, chain):
        text = text.replace(chr(int(point[2:], 16)), f"({point})")
    return text
