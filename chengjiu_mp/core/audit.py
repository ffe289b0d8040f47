"""The audit trail: one row per change of meaning, in the same transaction (rel-L1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chengjiu_mp.core import context
from chengjiu_mp.core.db import Base
from chengjiu_mp.core.many_rows import insert_rows
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.rows import append


def record(action: str, about: Base, *, unit_id: int | None = None, **facts: Any) -> None:
    """Append who does ``action`` to ``about`` now.

    :param about: a flushed row with an integer ``id``
    :param facts: ids, states, figures and reasons; never a name, a phone, or a document number
    """
    append(AuditEntry, _entry(action, about, unit_id, facts))


@dataclass(frozen=True)
class Deed:
    """What was done to one of many rows, as :func:`record` says it."""

    action: str
    about: Base
    unit_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def record_each(deeds: Iterable[Deed]) -> None:
    """Append an entry for each of these, in one statement."""
    if entries := [_entry(one.action, one.about, one.unit_id, one.facts) for one in deeds]:
        insert_rows(AuditEntry, entries)


def _entry(action: str, about: Base, unit_id: int | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    who = context.principal()
    return {
        "actor_id": who.account_id, "actor_role": ",".join(sorted(who.roles)) or "public", "action": action,
        "object_type": about.__tablename__,
        "object_id": about.id,  # type: ignore[attr-defined]  # every audited table has an integer id
        "unit_id": unit_id, "facts": dict(facts), "request_id": context.request_id(),
    }  # fmt: skip
