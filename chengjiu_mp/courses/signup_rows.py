"""The row of a new sign-up, made before any lock is taken: sealed, coded, frozen to whom it counts for."""

from dataclasses import dataclass
from datetime import datetime

from chengjiu_mp.core import clock, context, ids, privacy
from chengjiu_mp.core.rows import filled
from chengjiu_mp.courses.entry import EntryReading
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.standing import confirm_by_for
from chengjiu_mp.people.models import GuardianConsent, Person
from chengjiu_mp.people.names import sort_key

DESK = "desk"


@dataclass(frozen=True)
class Owner:
    """Whom a sign-up counts for, when a unit's link or list says so; what is None is the run's."""

    unit_id: int
    sector_id: int | None = None
    key_group: str | None = None


@dataclass(frozen=True)
class Draft:
    """A sign-up to be: judged, and its person found; ``is_new``: added with it, so that nobody else knows of them."""

    reading: EntryReading
    person: Person
    channel: str
    device_id: int | None
    owner: Owner | None = None
    health_notice_read: bool = False
    guardian: GuardianConsent | None = None
    confirm_by: datetime | None = None
    is_new: bool = False

    @property
    def at_desk(self) -> bool:
        """Return whether staff typed it: neither their device nor their own phone says anything of the person."""
        return self.channel == DESK


def new_signup(run: CourseRun, draft: Draft, party_id: int | None = None) -> tuple[Signup, str]:
    """Return a sign-up without its place, not yet added, and its ticket's token."""
    reading, uid, token = draft.reading, ids.new_uid(), ids.new_token()
    owner, index = draft.owner or Owner(run.unit_id), privacy.phone_index(reading.phone.number)
    row = filled(
        Signup, uid=uid, run_id=run.id, person_id=draft.person.id, party_id=party_id,
        name=reading.name.name, name_raw=reading.name.raw, sort_key=sort_key(reading.name.name)[:200],
        latin_surname=reading.latin.surname, latin_given=reading.latin.given,
        phone_index=index, phone_sealed=privacy.seal(reading.phone.number, place=Signup.PLACE_PHONE, row=uid),
        # Who signs up on a session that proved this phone by a code need not prove it again to be asked first.
        phone_proved_at=clock.now() if index == context.principal().phone_index and not draft.at_desk else None,
        ticket_hash=ids.token_hash(token), ticket_sealed=privacy.seal(token, place=Signup.PLACE_TICKET, row=uid),
        code=ids.new_spoken_code(), owner_unit_id=owner.unit_id, sector_id=owner.sector_id or run.sector_id,
        key_group=owner.key_group or run.key_group or "other", device_id=draft.device_id, channel=draft.channel,
        warnings=list(reading.warnings), confirm_by=draft.confirm_by,
        health_notice_read_at=clock.now() if draft.health_notice_read else None,
        created_at=clock.now(), needs_guardian=reading.needs_guardian,
        guardian_consent_id=draft.guardian.id if draft.guardian else None,
    )  # fmt: skip
    return row, token


def moved_copy(signup: Signup, run: CourseRun) -> tuple[Signup, str]:
    """Return the same person's sign-up for another run, without its place, not yet added, and its ticket's token.

    What was proved of name and phone stays proved; whom it counts for stays too.
    """
    uid, token = ids.new_uid(), ids.new_token()
    phone = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    kept = (
        "person_id", "name", "name_raw", "sort_key", "latin_surname", "latin_given",
        "name_proved_at", "name_confirmed_at",
        "phone_index", "phone_proved_at", "owner_unit_id", "sector_id", "key_group", "device_id", "channel",
        "warnings", "health_notice_read_at", "party_id", "erased_at",
        "needs_guardian", "guardian_consent_id",
    )  # fmt: skip
    row = Signup(
        **{name: getattr(signup, name) for name in kept},
        uid=uid, run_id=run.id, code=ids.new_spoken_code(), ticket_hash=ids.token_hash(token),
        confirm_by=confirm_by_for(signup.person_id, run),
        phone_sealed=privacy.seal(phone, place=Signup.PLACE_PHONE, row=uid),
        ticket_sealed=privacy.seal(token, place=Signup.PLACE_TICKET, row=uid),
    )  # fmt: skip
    return row, token
