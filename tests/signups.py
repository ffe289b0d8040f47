"""Sign-ups made by the product itself, for tests of what comes after."""

from typing import Any

from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.signing_up import Made, sign_up
from chengjiu_mp.people.schemas import ConsentIn
from tests import factories

BOTH = (ConsentIn(purpose="signup", version=1), ConsentIn(purpose="document_number", version=1))


def entry(**changes: Any) -> Entry:
    """Return a form filled in well, by a new person each time."""
    typed = {"name": "张三", "doc_number": factories.resident_id(), "phone": factories.phone(), "consents": BOTH}
    return Entry(**{**typed, **changes})


def signed(run_id: int, **changes: Any) -> Made:
    """Sign up and commit."""
    with unit_of_work():
        return sign_up(run_id, entry(**changes), channel="api")
