"""The word question: anybody's way of writing a right answer counts, and a challenge is one person's for a while."""

from datetime import timedelta

import pytest
from flask import Flask

from chengjiu_mp.core import questions
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.core.question_pool import POOL
from tests.conftest import FrozenClock


def opened_at(number: int) -> questions.Opened:
    return questions.Opened(number, "n")


def number_of(words: str) -> int:
    return next(at for at, one in enumerate(POOL) if words in one.text)


def test_there_are_forty_or_more_and_each_has_an_answer_of_its_own() -> None:
    assert len({one.text for one in POOL}) == len(POOL) >= 40
    for at, one in enumerate(POOL):
        assert all(opened_at(at).is_answered_by(answer) for answer in one.answers)
        assert not opened_at(at).is_answered_by("")
        assert not opened_at(at).is_answered_by("不知道")


@pytest.mark.parametrize("said", ["7", "七", " ７ ", "是7", "等于七。", "7个"])
def test_figures_numerals_spaces_and_marks_are_the_same(said: str) -> None:
    assert opened_at(number_of("三加四")).is_answered_by(said)


@pytest.mark.parametrize("said", ["12", "十二", "１２个月", "十二个", "十2"])
def test_a_dozen_is_read_in_every_way(said: str) -> None:
    assert opened_at(number_of("几个月")).is_answered_by(said)


@pytest.mark.parametrize(("words", "said"), [("自行车", "两个轮子"), ("苹果", "我选苹果"), ("后一天", "礼拜二")])
def test_what_people_write_around_it_does_not_matter(words: str, said: str) -> None:
    assert opened_at(number_of(words)).is_answered_by(said)


@pytest.mark.parametrize(
    ("words", "said"), [("三加四", "77"), ("苹果", "红色"), ("苹果", "红色苹果蓝色"), ("几个月", "2")]
)
def test_a_wrong_word_is_wrong(words: str, said: str) -> None:
    assert not opened_at(number_of(words)).is_answered_by(said)


def test_a_challenge_is_for_who_was_asked_and_ends(app: Flask, frozen: FrozenClock) -> None:
    asked = questions.ask("device:1")
    held = questions.opened(asked.challenge, "device:1")
    assert held is not None
    assert held.text == asked.text
    assert questions.opened(asked.challenge, "device:2") is None
    assert questions.opened(asked.challenge[:-2] + "00", "device:1") is None
    assert questions.opened("zz", "device:1") is None
    frozen.now += timedelta(seconds=questions.LIFE_SECONDS)
    assert questions.opened(asked.challenge, "device:1") is None


def test_a_challenge_is_used_once_and_comes_back_with_a_rollback(app: Flask) -> None:
    held = questions.opened(questions.ask("a").challenge, "a")
    assert held is not None
    with pytest.raises(ZeroDivisionError), unit_of_work():
        assert questions.use_up(held)
        raise ZeroDivisionError
    with unit_of_work():
        assert questions.use_up(held)
    with unit_of_work():
        assert not questions.use_up(held)
