"""A list from its first day: made for a unit and some runs, its private link, names put down by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from chengjiu_mp.core import audit, context, ids, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.parsing import Invalid
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.errors import RosterLocked, UnknownChoice
from chengjiu_mp.courses.locking import roster_locked
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.lists.deciding import named_key
from chengjiu_mp.lists.entering import put_down
from chengjiu_mp.lists.errors import NoRuns, TooManyNames
from chengjiu_mp.lists.models import UnitList, UnitListRow, UnitListRun
from chengjiu_mp.lists.policy import LISTING_ROLES
from chengjiu_mp.lists.queries import runs_for
from chengjiu_mp.lists.understanding import Understood
from chengjiu_mp.people.invisible import to_be_seen
from chengjiu_mp.people.names import NameRefused, read_name
from chengjiu_mp.units.models import KEY_GROUPS, Sector, Unit
from chengjiu_mp.units.policy import open_units

MAX_NAMES = 200


@dataclass(frozen=True)
class Plan:
    """What a liaison says of a new list; ``sector`` is one of the six codes, empty for the run's own."""

    unit_id: int
    title: str
    run_ids: Sequence[int]
    sector: str = ""
    key_group: str | None = None


def make_list(plan: Plan, who: Principal) -> UnitList:
    """Return a new list of a unit in the caller's scope; its link is off.

    :raise UnknownChoice: a unit, run, sector or group that is not there or not in scope, with the field
    :raise NoRuns: when no run is chosen
    """
    unit = _unit(plan.unit_id, who)
    sector = _sector(plan.sector)
    if plan.key_group is not None and plan.key_group not in KEY_GROUPS:
        raise UnknownChoice(field="key_group")
    uid, token = ids.new_uid(), ids.new_token()
    row = UnitList(
        uid=uid, unit_id=unit.id, sector_id=sector, key_group=plan.key_group,
        title=to_be_seen(plan.title) or f"{unit.name}名单",
        token_hash=ids.token_hash(token), token_sealed=privacy.seal(token, place=UnitList.PLACE, row=uid),
        link_on=False, created_by=context.principal().account_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    set_runs(row, plan.run_ids)
    audit.record("unit_list.made", row, unit_id=unit.id, runs=sorted(set(plan.run_ids)))
    return row


def set_runs(of: UnitList, run_ids: Sequence[int]) -> None:
    """Let a list fill more runs; what it fills already stays.

    :raise UnknownChoice: a run that this unit may not fill; :raise NoRuns: when none is left
    """
    if not run_ids:
        raise NoRuns(field="run_ids")
    known = set(db.session.scalars(select(UnitListRun.run_id).where(UnitListRun.list_id == of.id)))
    fresh = set(run_ids) - known
    if fresh - {run.id for run in runs_for(of.unit_id)}:
        raise UnknownChoice(field="run_ids")
    db.session.add_all(UnitListRun(list_id=of.id, run_id=run_id) for run_id in sorted(fresh))
    db.session.flush()


def switch_link(of: UnitList, *, on: bool) -> None:
    """Open or close the private link. Opened again it is a new one: what was passed on before opens nothing."""
    if of.link_on == on:
        return
    if on:
        token = ids.new_token()
        of.token_hash = ids.token_hash(token)
        of.token_sealed = privacy.seal(token, place=UnitList.PLACE, row=of.uid)
    of.link_on = on
    db.session.flush()
    audit.record("unit_list.link_opened" if on else "unit_list.link_closed", of, unit_id=of.unit_id)


def put_names(of: UnitList, run: CourseRun, text: str) -> int:
    """Put down names, one a line, for people who bring the rest over the private link; return how many are new.

    :raise Invalid: naming the lines that were not understood; nothing is put down then
    :raise TooManyNames, RosterLocked: as they say
    """
    if roster_locked(run):
        raise RosterLocked(field="run_id")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_NAMES:
        raise TooManyNames(field="names")
    fresh = 0
    for name in dict.fromkeys(_names(lines)):
        line = Understood(run, name, None, Entry(name=name, doc_number="", phone=""))
        known = db.session.scalars(
            select(UnitListRow).where(UnitListRow.list_id == of.id, UnitListRow.named_key == named_key(of, name, None))
        ).first()
        if known is None or known.state == "removed":
            put_down(of, line, known)
            fresh += 1
    audit.record("unit_list.names_put", of, unit_id=of.unit_id, people=fresh)
    return fresh


def _names(lines: Sequence[str]) -> list[str]:
    found, errors = [], []
    for number, line in enumerate(lines, 1):
        try:
            found.append(read_name(line).name)
        except NameRefused as refusal:
            errors.append(f"第 {number} 行：{refusal.sentence}")
    if errors:
        raise Invalid([{"pointer": "/names", "code": "names_refused", "detail": "".join(errors[:5])}])
    if not found:
        raise Invalid([{"pointer": "/names", "code": "names_missing", "detail": "请粘贴姓名，一行一个。"}])
    return found


def _unit(unit_id: int, who: Principal) -> Unit:
    scope, unit = open_units(who, LISTING_ROLES, writing=True), db.session.get(Unit, unit_id)
    if unit is None or not unit.active or (scope is not None and unit_id not in scope):
        raise UnknownChoice(field="unit_id")
    return unit


def _sector(code: str) -> int | None:
    if not code:
        return None
    found = db.session.scalar(select(Sector.id).where(Sector.code == code))
    if found is None:
        raise UnknownChoice(field="sector")
    return found
