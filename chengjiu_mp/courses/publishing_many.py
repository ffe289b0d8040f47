"""Publishing many drafts in one action, with what to look at said once for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from chengjiu_mp.core import context
from chengjiu_mp.courses.errors import RunNotDraft
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.policy import run_for
from chengjiu_mp.courses.publishing import PUBLISHING_ROLES, publish, warnings_of


@dataclass(frozen=True)
class Said:
    """One thing to look at and the runs it holds for."""

    code: str
    sentence: str
    run_ids: tuple[int, ...]


def warnings_once(run_ids: Iterable[int]) -> list[Said]:
    """Return what to look at before these runs go public, each sentence once."""
    found: dict[tuple[str, str], list[int]] = {}
    for run_id in run_ids:
        for one in warnings_of(run_id):
            found.setdefault((one.code, one.sentence), []).append(run_id)
    return [Said(code, sentence, tuple(ids)) for (code, sentence), ids in found.items()]


def publish_all(run_ids: Iterable[int]) -> list[CourseRun]:
    """Publish the drafts among these runs and return them; what somebody published meanwhile is left as it is.

    :raise NotFound: when one is out of the caller's scope; nothing was published
    """
    published = []
    for run_id in run_ids:
        run = run_for(context.principal(), run_id, roles=PUBLISHING_ROLES)
        try:
            publish(run)
        except RunNotDraft:
            continue
        published.append(run)
    return published
