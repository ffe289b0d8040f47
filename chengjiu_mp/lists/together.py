"""Doing what many lines say at once: as :mod:`entering` does line by line, with a number of statements that stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses.errors import AlreadySignedUp
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.signing_up_many import Wanted, sign_up_many
from chengjiu_mp.lists.deciding import Decision, Seen, decide
from chengjiu_mp.lists.entering import Entered, kept, owner_of, remember, row_named, row_on, write_rows
from chengjiu_mp.lists.errors import SignedUpAlone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.lists.understanding import Fault, Understood, fault_of
from chengjiu_mp.people.models import Person


@dataclass(frozen=True)
class _Step:
    """What is to be done about a line: nothing but to say why not, or a decision; a row that is made already."""

    told: Fault | None = None
    line: Understood | None = None
    decision: Decision | None = None
    row: UnitListRow | None = None

    @property
    def adds(self) -> bool:
        return self.decision is not None and self.decision.plan == "add"


def enter_together(of: UnitList, read: Sequence[Understood | Fault], seen: Seen) -> list[Entered]:
    """Do what lines say, in the caller's transaction; return what became of the first ones, as many as go together.

    A line that must see what an earlier one did ends them, and so does one that changes a place. None is returned
    where the first is such a line, or where somebody else was faster: nothing is done then, and each line goes alone.

    :param seen: what :func:`look` found of all of them under the list's lock
    """
    try:
        with db.session.begin_nested():
            return _done(of, _steps(of, read, seen), seen)
    except (Refusal, IntegrityError):
        # Whatever it was, the lines one by one meet it too, each for itself.
        return []


def _steps(of: UnitList, read: Sequence[Understood | Fault], seen: Seen) -> list[_Step]:
    steps: list[_Step] = []
    rows: list[UnitListRow] = []
    for one in read:
        if isinstance(one, Fault):
            steps.append(_Step(told=one))
            continue
        step = _step(of, one, seen)
        taken = step.decision.row if step.decision else None
        if (step.decision and step.decision.plan == "change") or any(taken is row for row in rows):
            break
        if step.adds and taken is not None:
            rows.append(taken)
        steps.append(step)
    return steps


def _step(of: UnitList, line: Understood, seen: Seen) -> _Step:
    try:
        decision = decide(of, line, seen)
    except Refusal as refusal:
        return _Step(told=fault_of(refusal))
    if decision.plan != "name":
        return _Step(None, line, decision)
    row = row_named(of, line, decision.row)
    # The same name once more is the same line once more.
    remember(seen, row)
    return _Step(None, line, decision, row)


def _done(of: UnitList, steps: Sequence[_Step], seen: Seen) -> list[Entered]:
    wanted = [_wanted(of, step.line) for step in steps if step.adds and step.line]
    made = iter(sign_up_many(wanted, channel="import") if wanted else ())
    done = [_entered(of, step, next(made) if step.adds else None) for step in steps]
    write_rows([entered.row for entered in done if entered.row is not None])
    taken = [step for step, entered in zip(steps, done, strict=True) if entered.outcome != "rejected"]
    audit.record_each(_conflicts(of, taken, seen))
    return done


def _wanted(of: UnitList, line: Understood) -> Wanted:
    assert line.reading is not None  # noqa: S101  who is added has a document
    return Wanted(line.run.id, line.reading, owner_of(of, line.key_group))


def _entered(of: UnitList, step: _Step, made: Made | Refusal | None) -> Entered:
    if step.decision is None or step.line is None:
        return Entered("rejected", told=step.told)
    if made is None:
        row = step.row or step.decision.row
        return Entered("named" if step.decision.plan == "name" else "same", row, kept(step.decision))
    if isinstance(made, Refusal):
        mine = SignedUpAlone(field="doc_number") if isinstance(made, AlreadySignedUp) else made
        return Entered("rejected", told=fault_of(mine))
    row = row_on(of, step.line, made.signup, step.decision.row)
    return Entered("added" if made.rank is None else "waiting", row, kept(step.decision))


def _conflicts(of: UnitList, steps: Iterable[_Step], seen: Seen) -> Iterable[audit.Deed]:
    for step in steps:
        for what in step.decision.conflicts if step.decision else ():
            yield audit.Deed(
                "person.conflict", _person(step, seen), of.unit_id, {"what": what, "by": f"list:{of.id}"}
            )  # fmt: skip


def _person(step: _Step, seen: Seen) -> Person:
    assert step.line is not None and step.line.doc_index is not None  # noqa: S101, PT018  a conflict is a person's
    return seen.persons[step.line.doc_index]
