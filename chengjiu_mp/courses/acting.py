"""Whose sign-up a caller may act on: its owner, staff in scope, or whoever shows the ticket."""

from chengjiu_mp.core import context
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses import signup_queries
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.policy import ON_BEHALF, signups_visible_to


def signup_to_act_on(signup_id: int, ticket: str = "") -> tuple[Signup, bool]:
    """Return the sign-up and whether the caller owns it.

    :param ticket: the ticket's token, for who made the sign-up elsewhere
    :raise NotFound: when it is missing or not the caller's; both look alike
    """
    caller = context.principal()
    if ticket:
        shown = signup_queries.signup_by_ticket(ticket)
        if shown.id != signup_id:
            raise NotFound
        return shown, True
    owned = signup_queries.owned_signup(caller, signup_id)
    if owned:
        return owned, True
    grants = tuple(g for g in caller.grants if g.role in ON_BEHALF and not g.read_only)
    staff = context.Principal(account_id=caller.account_id, name=caller.name, grants=grants)
    found = signup_queries.signup_in(signups_visible_to(staff), signup_id)
    if found is None:
        raise NotFound
    return found, False
