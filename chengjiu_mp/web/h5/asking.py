"""The word question on a sign-up form: counted and answered with the form, shown where one is needed."""

from collections.abc import Iterable

from flask import Blueprint, g, request

from chengjiu_mp.core import context, questions
from chengjiu_mp.core.questions import Opened
from chengjiu_mp.courses import limiting
from chengjiu_mp.courses.api import count_signup, visitor
from chengjiu_mp.courses.errors import QuestionNeeded
from chengjiu_mp.courses.policy import ON_BEHALF

FIELD = "question_answer"

blueprint = Blueprint("asking", __name__)


def count_try(run_id: int, phones: Iterable[str], people: int = 1) -> Opened | None:
    """Count a form that signs up so many people; return the answered challenge for :func:`use_up`.

    :raise TooMany, DeviceFull, QuestionNeeded: as :func:`limiting.count_try`; the question stands on the next page
    """
    try:
        return count_signup(run_id, _said(), phones, people)
    except QuestionNeeded as refusal:
        raise _on_page(refusal) from None


def use_up(answered: Opened | None) -> None:
    """Take the answered challenge in the sign-up's transaction.

    :raise QuestionNeeded: when it was used before
    """
    try:
        limiting.use_up(visitor(), answered)
    except QuestionNeeded as refusal:
        raise _on_page(refusal) from None


@blueprint.app_context_processor
def _shared() -> dict[str, object]:
    return {"word_question": word_question}


def word_question() -> dict[str, str] | None:
    """Return the question that this page shows: text, challenge, and the answer as typed; None for nearly everybody.

    What was answered stays on the form, so that a mistake elsewhere costs no second answer.
    """
    if "asked" in g:
        return {**g.asked, "answer": ""}
    said = _said()
    held = questions.opened(said.challenge, visitor().name) if said.challenge else None
    if held is not None:
        return {"text": held.text, "challenge": said.challenge, "answer": said.answer}
    if context.principal().has(*ON_BEHALF) or not limiting.is_asked(visitor()):
        return None
    asked = questions.ask(visitor().name)
    return {"text": asked.text, "challenge": asked.challenge, "answer": ""}


def _said() -> limiting.Said:
    form = request.form
    return limiting.Said(form.get("question_challenge", "")[:400], form.get(FIELD, "")[:30])


def _on_page(refusal: QuestionNeeded) -> QuestionNeeded:
    g.asked = {"text": refusal.facts["question"], "challenge": refusal.facts["challenge"]}
    refusal.field = FIELD
    return refusal
