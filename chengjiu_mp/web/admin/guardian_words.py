"""What staff see of a child's guardian in a roster: the word, a masked phone, and whether paper can help."""

from collections.abc import Mapping
from typing import Any

from chengjiu_mp.courses.schemas import RosterLineOut
from chengjiu_mp.people.guardians import RELATIONS, guardian_phone, is_live
from chengjiu_mp.people.models import GuardianConsent
from chengjiu_mp.people.phones import mask_phone


def with_guardian(row: dict[str, Any], line: RosterLineOut, asked: Mapping[int, GuardianConsent]) -> dict[str, Any]:
    """Return a person's row with what is known of their guardian; ``paper`` where a signed paper still helps.

    :param asked: :func:`courses.guardians.consents_of` the run
    """
    consent = asked.get(line.id)
    if consent is None:
        return {**row, "state": "等同行孩子的监护人", "tone": "warn"} if line.state == "pending" else row
    known = f"{RELATIONS[consent.relation]} {mask_phone(guardian_phone(consent))}"
    if is_live(consent):
        how = f"纸质同意书 {consent.paper_reference}" if consent.paper_reference else "监护人已同意"
        return {**row, "facts": [*row["facts"], f"{how}（{known}）"]}
    facts = [*row["facts"], f"监护人未答复（{known}）"]
    return {**row, "facts": facts, "state": "待监护人同意", "tone": "warn", "paper": True}
