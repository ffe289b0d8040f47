"""The wall's codes: pinned vectors, how old they may get, and what no other display, hall or hand makes of them."""

import random
from datetime import date, timedelta

import pytest

from chengjiu_mp.checkin import wall_codes
from chengjiu_mp.checkin.wall_codes import Bound, Claim, read_claim, read_code
from chengjiu_mp.checkin.wall_errors import WallCodeOld, WallCodeUnknown, WallEnded, WallOver, WallTooEarly
from chengjiu_mp.checkin.wall_judging import judge_code
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.courses.models import CourseRun
from tests import factories
from tests.checkin.wall_hall import WallHall, at_half_minute

BOUND = Bound(7, 3, date(2026, 11, 23), "abcdefgh")
# Made once and pinned: whoever changes how codes are made kills those on the walls.
VECTORS = {
    0: "abcdefgh.0.2cqn54l46y6wc4ew",
    117_360_960: "abcdefgh.117360960.dv2wmxmd2axi5s4s",
    117_360_961: "abcdefgh.117360961.3kituildhu2she7c",
}


@pytest.fixture
def secret():
    wall_codes.use_secret("tests-only-0123456789-abcdefghijklmnop")


@pytest.fixture
def hall(app):
    at_half_minute()
    return WallHall()


def refusal_of(code: str) -> type | None:
    try:
        found = judge_code(code).refusal
    except WallCodeUnknown:
        return WallCodeUnknown
    return type(found) if found else None


@pytest.mark.parametrize("counter", VECTORS)
def test_codes_are_made_as_ever(secret, counter):
    assert BOUND.code(counter) == VECTORS[counter]


def test_a_claim_is_made_as_ever(secret):
    assert Claim("abcdefgh", 117_360_960, 1_763_870_400_123).sealed_for(5) == (
        "abcdefgh.117360960.1763870400123.ce6a647caec38b9e5748407d6122afd754622b6e79c80d99ad882db804416616"
    )


@pytest.mark.parametrize(
    "other",
    [
        Bound(8, 3, BOUND.day, "abcdefgh"),
        Bound(7, 4, BOUND.day, "abcdefgh"),
        Bound(7, 3, date(2026, 11, 24), "abcdefgh"),
        Bound(7, 3, BOUND.day, "abcdefgi"),
    ],
    ids=["run", "venue", "day", "display"],
)
def test_another_run_venue_day_or_display_makes_other_codes(secret, other):
    tags = {other.code(n).rpartition(".")[2] for n in range(200)} | {
        BOUND.code(n).rpartition(".")[2] for n in range(200)
    }
    assert len(tags) == 400
    mine = read_code(BOUND.code(1))
    assert mine is not None
    assert not other.holds(mine)


def test_another_secret_makes_other_codes(secret):
    mine = read_code(BOUND.code(1))
    assert mine is not None
    assert BOUND.holds(mine)
    wall_codes.use_secret("another-only-0123456789-abcdefghijklmn")
    assert not BOUND.holds(mine)


def test_a_code_is_accepted_for_thirty_seconds_and_not_longer(hall, frozen):
    """rel-A6: the curve of acceptance by age, each second, from a code's first instant and from its last."""
    first, begins = hall.code(), frozen.now
    curve = {}
    for age in range(121):
        frozen.now = begins + timedelta(seconds=age)
        curve[age] = refusal_of(first)
    assert [age for age, refused in curve.items() if refused is None] == list(range(30))
    assert {refused for age, refused in curve.items() if age >= 30} == {WallCodeOld}
    frozen.now = begins + timedelta(milliseconds=29_999)
    assert refusal_of(first) is None


def test_a_screenshot_of_a_codes_last_instant_lives_for_fifteen_seconds(hall, frozen):
    begins = frozen.now
    frozen.now = begins + timedelta(seconds=14)
    code = hall.code()
    ages = []
    for age in range(121):
        frozen.now = begins + timedelta(seconds=14 + age)
        ages += [age] if refusal_of(code) is None else []
    assert ages == list(range(16))


def test_a_slow_halls_code_is_accepted_for_sixty_seconds(app, frozen):
    hall = WallHall()
    code, begins = hall.code(hall.open(step=30)), frozen.now
    ages = []
    for age in range(121):
        frozen.now = begins + timedelta(seconds=age)
        ages += [age] if refusal_of(code) is None else []
    assert ages == list(range(60))


def test_a_code_of_a_time_to_come_is_refused(hall, frozen):
    begins = frozen.now
    frozen.now = begins + timedelta(seconds=15)
    ahead = hall.code()
    frozen.now = begins
    assert refusal_of(ahead) is WallCodeOld


def test_no_changed_code_is_accepted(hall):
    """1,000 codes with one to four characters changed, and 1,000 made up: none opens anything."""
    code, source = hall.code(), random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz234567.0189"
    tried: set[str] = set()
    while len(tried) < 1000:
        text = list(code)
        for _ in range(source.randrange(1, 5)):
            text[source.randrange(len(text))] = source.choice(letters)
        if "".join(text) != code:
            tried.add("".join(text))
    display, counter, _ = code.split(".")
    made_up = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz234567", k=16)) for _ in range(1000)]
    tried |= {f"{display}.{counter}.{tag}" for tag in made_up}
    assert [one for one in tried if refusal_of(one) is None] == []
    assert refusal_of(code) is None


@pytest.mark.parametrize(
    "text",
    ["", "a", "a" * 26, "abcdefgh.1.aaaaaaaaaaaaaaaa", "abcdefgh.99999999999.aaaaaaaaaaaaaaaa", "abcdefgh.-1.aaaaaaaaaaaaaaaa",
     "abcdefgh.１.aaaaaaaaaaaaaaaa", "ABCDEFGH.1.aaaaaaaaaaaaaaaa", "abcdefgh.1.aaaaaaaaaaaaaaaa\n", "你好"],
)  # fmt: skip
def test_what_is_no_code_is_unknown(app, text):
    assert refusal_of(text) is WallCodeUnknown


def test_a_run_that_moved_to_another_venue_has_other_codes(hall):
    code = hall.code()
    with unit_of_work():
        hall.run.venue_id = factories.venue(name="另一处").id
    assert refusal_of(code) is WallCodeUnknown


def test_another_displays_name_before_the_tag_is_refused(hall):
    with factories.made():
        operator = factories.account("operator", "chengjiang").id
    second = hall.open(by=operator)
    assert second != hall.display_id
    one, two = hall.code().split("."), hall.code(second).split(".")
    assert refusal_of(".".join([two[0], one[1], one[2]])) is WallCodeUnknown
    assert refusal_of(".".join(two)) is None


def test_another_runs_display_lends_its_name_to_nobody(hall):
    one, two = hall.code().split("."), WallHall().code().split(".")
    assert refusal_of(".".join([two[0], one[1], one[2]])) is WallCodeUnknown


def test_an_ended_displays_code_is_dead_at_once(hall):
    code = hall.code()
    assert refusal_of(code) is None
    hall.end()
    assert refusal_of(code) is WallEnded


def test_the_window_is_half_an_hour_ahead_to_the_end(hall, frozen):
    code, meeting = hall.code(), hall.meeting
    opens, ends = meeting.starts_at - timedelta(minutes=30), meeting.ends_at
    frozen.now = opens - timedelta(seconds=1)
    assert refusal_of(code) is WallTooEarly
    for instant in (opens, ends):
        frozen.now = instant
        assert refusal_of(hall.code()) is None
    code = hall.code()
    frozen.now = ends + timedelta(seconds=1)
    assert refusal_of(code) is WallOver


@pytest.mark.parametrize("state", ["cancelled", "closed"])
def test_a_run_that_is_not_under_way_has_no_code(hall, state):
    code = hall.code()
    with unit_of_work():
        row = hall.run
        assert isinstance(row, CourseRun)
        row.state = state
    assert refusal_of(code) is WallOver


def test_a_claim_opens_for_its_own_device_alone(secret):
    text = Claim("abcdefgh", 5, 1000).sealed_for(1)
    assert read_claim(text, 1) == (Claim("abcdefgh", 5, 1000), True)
    assert read_claim(text, 2) == (Claim("abcdefgh", 5, 1000), False)
    assert read_claim(text, None) == (Claim("abcdefgh", 5, 1000), False)
    assert read_claim(text.replace(".1000.", ".9000."), 1)[1] is False
    assert read_claim("x", 1) == (None, False)
