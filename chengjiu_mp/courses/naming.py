"""The name on a sign-up as the certificate will print it: what cannot be drawn yet, and the holder's word for it."""

from sqlalchemy import update

from chengjiu_mp.core import audit, clock, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.fonts import undrawable
from chengjiu_mp.courses.models import LIVE, Signup

# For staff: the certificate waits until a font with this character is here (feat-N5), and is never drawn with a box.
GLYPH_MISSING = "glyph_missing"


def glyph_warnings(name: str) -> tuple[str, ...]:
    """Return the warning of a name that no font here draws in full, else nothing."""
    return (GLYPH_MISSING,) if undrawable(name) else ()


def warnings_now(signup: Signup) -> list[str]:
    """Return a sign-up's warnings without that of a missing glyph which a font has brought since."""
    if GLYPH_MISSING not in signup.warnings or glyph_warnings(signup.name):
        return signup.warnings
    return [code for code in signup.warnings if code != GLYPH_MISSING]


def name_stamp(signup: Signup) -> str:
    """Return 16 hex digits that stand for the name shown, so that nobody confirms one that was changed meanwhile."""
    return privacy.blind_index("name-shown", f"{signup.uid}|{signup.name}").hex()[:16]


def confirm_name(signup: Signup, stamp: str) -> bool:
    """Keep that the holder found the name right; return False when it is not the one that ``stamp`` stands for.

    Doing it twice changes nothing.
    """
    if stamp != name_stamp(signup):
        return False
    fresh = update(Signup).where(
        Signup.id == signup.id, Signup.name == signup.name, Signup.state.in_(LIVE), Signup.name_confirmed_at.is_(None)
    )
    if db.session.execute(fresh.values(name_confirmed_at=clock.now()).returning(Signup.id)).first():
        audit.record("signup.name_confirmed", signup)
        db.session.refresh(signup, ["name_confirmed_at"])
    return True
