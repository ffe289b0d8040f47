"""The audit trail: one row per change of meaning, in the same transaction (rel-L1)."""

from typing import Any

from chengjiu_mp.core import context
from chengjiu_mp.core.db import Base
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.rows import insert_row


def record(action: str, about: Base, *, unit_id: int | None = None, **facts: Any) -> None:
    """Append who does ``action`` to ``about`` now.

    :param about: a flushed row with an integer ``id``
    :param facts: ids, states, figures and reasons; never a name, a phone, or a document number
    """
    who = context.principal()
    entry = {
        "actor_id": who.account_id, "actor_role": ",".join(sorted(who.roles)) or "public", "action": action,
        "object_type": about.__tablename__,
        "object_id": about.id,  # type: ignore[attr-defined]  # every audited table has an integer id
        "unit_id": unit_id, "facts": facts, "request_id": context.request_id(),
    }  # fmt: skip
    insert_row(AuditEntry, entry)
