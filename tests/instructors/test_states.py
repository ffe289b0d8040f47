"""What a refresher date means on a day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.states import STAGES, DueState, due_state, stage_of

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "overdue"), (0, "soon"), (1, "soon"), (90, "soon"), (91, "valid"), (None, "unknown")]
)
def test_the_state_turns_at_the_edges(days: int | None, state: str) -> None:
    due = None if days is None else TODAY + timedelta(days=days)
    assert due_state(Instructor(status="active", refresh_due=due), TODAY) == DueState(state)


@pytest.mark.parametrize("status", ["suspended", "retired"])
def test_who_does_not_teach_is_never_overdue(status: str) -> None:
    assert due_state(Instructor(status=status, refresh_due=date(2020, 1, 1)), TODAY) == DueState(status)


@pytest.mark.parametrize(
    ("left", "stage"),
    [(91, None), (90, 90), (61, 90), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-400, 0)],
)
def test_the_newest_stage_that_a_day_has_reached(left: int, stage: int | None) -> None:
    assert stage_of(TODAY + timedelta(days=left), TODAY) == stage


@given(st.integers(-2000, 2000))
def test_a_later_day_never_has_an_earlier_stage(left: int) -> None:
    here, tomorrow = (stage_of(TODAY + timedelta(days=n), TODAY) for n in (left, left - 1))
    order = [None, *STAGES]
    assert order.index(tomorrow) >= order.index(here)
