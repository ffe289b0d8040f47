"""The name on a sign-up as the certificate will print it: what cannot be drawn yet, and the holder's word for it."""

from dataclasses import dataclass

from sqlalchemy import select, update

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


@dataclass(frozen=True)
class NamesChecked:
    """How many of a run's people who came have looked at the name that will be printed, and the names of the rest."""

    present: int
    open: tuple[str, ...]

    @property
    def confirmed(self) -> int:
        """By the holders themselves, or face to face."""
        return self.present - len(self.open)


def names_checked(run_id: int) -> NamesChecked:
    """Return whose name on a run nobody has confirmed yet; it is shown and never in the way."""
    here = (Signup.run_id == run_id, Signup.outcome == "attended", Signup.erased_at.is_(None))
    rows = db.session.execute(
        select(Signup.name, Signup.name_confirmed_at, Signup.name_proved_at)
        .where(*here)
        .order_by(Signup.sort_key, Signup.id)
    ).all()
    return NamesChecked(len(rows), tuple(row.name for row in rows if not (row[1] or row[2])))


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
