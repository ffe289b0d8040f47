"""Confirming results issues certificates: all of it in one transaction, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text

from chengjiu_mp.certificates import messages, numbering, signing, versions, waiting
from chengjiu_mp.certificates.errors import NotEntitled
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.numbering import Place
from chengjiu_mp.core import audit, clock, hooks, privacy
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import after_commit, db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup, Syllabus
from chengjiu_mp.courses.refreshing import certified_kind, validity_of
from chengjiu_mp.exams.attempts import stands_passed
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.exams.submission import take_confirmation
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.models import Attainment


@dataclass(frozen=True)
class Batch:
    """What the certificates of one confirmation share; ``kind`` is that of the certificates, not always the run's."""

    run: CourseRun
    syllabus: Syllabus
    kind: CourseType
    issued_on: date
    valid_until: date | None
    # The plan year: that of the run's last meeting in Shanghai time (rulings: counting).
    count_year: int
    countable: bool
    mode: str
    by: int | None


def confirm(run_id: int, by: Principal, *, mode: str | None = None) -> list[Certificate]:
    """Confirm a run's results and issue a certificate to everybody present who passed; return them by number.

    Confirming again returns the same certificates and issues nothing.

    :param mode: ``test`` for certificates that count nowhere and say so; by default what is in force for the kind
    :raise NotFound: out of reach; :raise NotSubmitted: nothing waits; :raise SamePerson: the caller submitted it
    """
    run, mine = take_confirmation(run_id, by)
    if mine:
        passed = _passed(run.id, fresh=True)
        if passed:
            _number(_batch(run, mode, by), passed)
        after_commit(lambda: hooks.crash_after_commit("certificates.confirm"))
    return certificates_of_run(run.id)


def entitled(run_id: int) -> frozenset[int]:
    """Return the sign-ups of a run to whom a certificate may be issued now."""
    return frozenset(one.id for one in _passed(run_id))


def issue_numbered(run_id: int, year: int, numbers: Mapping[int, str], by: Principal) -> list[Certificate]:
    """Issue the certificates whose numbers came from outside, today; return them.

    :param year: of the series; :param numbers: {sign-up: number}; who may get none by now is left out
    """
    run = db.session.get_one(CourseRun, run_id)
    batch = _batch(run, numbering.EXTERNAL, by)
    signups = [one for one in _passed(run_id) if one.id in numbers]
    taken = numbering.take_places(batch.kind, year, len(signups))
    return _issue(batch, [(one, numbers[one.id]) for one in signups], taken)


def issue_again(certificate: Certificate, by: Principal) -> Certificate | None:
    """Issue anew, under another number, what was voided; None where the number comes from outside.

    :raise NotEntitled: the person has no pass any more, or was erased
    """
    run = db.session.get_one(CourseRun, certificate.run_id)
    mine = [one for one in _passed(run.id) if one.id == certificate.signup_id]
    if not mine:
        raise NotEntitled
    made = _number(_batch(run, numbering.TEST if certificate.is_test else None, by), mine)
    return made[0] if made else None


def certificates_of_run(run_id: int) -> list[Certificate]:
    """Return every certificate that a run led to, revoked ones too, in the order of their numbers."""
    return list(db.session.scalars(select(Certificate).where(Certificate.run_id == run_id).order_by(Certificate.id)))


def _passed(run_id: int, *, fresh: bool = False) -> Sequence[Signup]:
    """Present and passed by a confirmed round (rel-I9), in the order of names, so that neighbours on the list have
    neighbouring numbers.

    The newest attempt counts, and while it is not confirmed there is none. Who had their data erased before gets
    none: there is no name to print.

    :param fresh: by the run's newest round alone. What earlier rounds led to was issued with them, and is not issued
        again when it was revoked since
    """
    standing = select(Certificate.id).where(Certificate.signup_id == Signup.id, Certificate.state != "revoked").exists()
    query = (
        select(Signup)
        .join(ExamResult, (ExamResult.signup_id == Signup.id) & stands_passed())
        .where(Signup.run_id == run_id, Signup.outcome == "attended", ~standing, Signup.erased_at.is_(None))
    )
    if fresh:
        newest_round = select(func.max(Submission.round)).where(Submission.run_id == run_id).scalar_subquery()
        query = query.where(ExamResult.round == newest_round)
    return db.session.scalars(query.order_by(Signup.sort_key, Signup.id)).all()


def _batch(run: CourseRun, mode: str | None, by: Principal) -> Batch:
    syllabus = db.session.get_one(Syllabus, run.syllabus_id)
    # A refresher's certificates are of the kind that it renews, and move no figure of the plan (rulings: counting).
    today, months, taught = clock.today(), validity_of(syllabus), syllabus.course_type
    kind, renews = certified_kind(taught), taught.refresh_of_id is not None
    mode = mode or numbering.rule_in_force(kind, today.year)[0]
    return Batch(
        run, syllabus, kind, issued_on=today, valid_until=add_months(today, months) if months else None,
        count_year=clock.day_of(run.ends_at).year, mode=mode, by=by.account_id,
        countable=kind.family == "certified" and not renews and mode != numbering.TEST,
    )  # fmt: skip


def _number(batch: Batch, passed: Sequence[Signup]) -> list[Certificate]:
    """Issue with the next numbers of ours; without, where numbers come from outside, people wait."""
    year = batch.issued_on.year
    if batch.mode == numbering.EXTERNAL:
        waiting.wait(passed, batch.kind.id, year)
        return []
    taken = numbering.allot(batch.kind, year, len(passed), mode=batch.mode, unit_id=batch.run.unit_id)
    made = _issue(batch, list(zip(passed, taken.numbers, strict=True)), taken.places)
    waiting.close_for(made)
    return made


def _issue(batch: Batch, numbered: Sequence[tuple[Signup, str]], places: Sequence[Place]) -> list[Certificate]:
    made = []
    for (signup, number), place in zip(numbered, places, strict=True):
        certificate = _insert(batch, signup, number, place)
        made.append((certificate, versions.add_version(certificate, signup.name, version=1)))
        audit.record(
            "certificate.issued", certificate, unit_id=certificate.owner_unit_id,
            run_id=batch.run.id, signup_id=signup.id, number=number, counted=certificate.counted,
        )  # fmt: skip
        if not certificate.is_test:
            _announce(batch, signup, certificate)
    db.session.flush()
    signing.sign(made)
    return [certificate for certificate, _ in made]


def _announce(batch: Batch, signup: Signup, certificate: Certificate) -> None:
    """Let other slices and the holder know; of a test nobody hears, and nobody holds anything by it (feat-N36)."""
    db.session.add(
        Attainment(
            person_id=signup.person_id, kind=batch.kind.code, valid_to=batch.valid_until,
            source=f"certificate:{certificate.id}",
        )
    )  # fmt: skip
    _tell(batch, signup, certificate)


def _insert(batch: Batch, signup: Signup, number: str, place: Place) -> Certificate:
    """Insert one certificate, counted if the index lets it: it alone knows what others issue at this moment."""
    values = {
        "number": number, "series_id": place[0], "sequence": place[1], "person_id": signup.person_id,
        "signup_id": signup.id, "run_id": batch.run.id, "course_type_id": batch.kind.id,
        "syllabus_id": batch.syllabus.id, "state": "issued", "issued_on": batch.issued_on,
        "valid_until": batch.valid_until, "owner_unit_id": signup.owner_unit_id, "sector_id": signup.sector_id,
        "key_group": signup.key_group, "count_year": batch.count_year, "is_test": batch.mode == numbering.TEST,
        "revoke_reason": "", "issued_at": clock.now(), "issued_by": batch.by,
    }  # fmt: skip
    added = None
    if batch.countable:
        first = insert_into(Certificate).values(**values, counted=True).on_conflict_do_nothing(
            index_elements=["person_id", "course_type_id", "count_year"],
            index_where=text("counted and state <> 'revoked'"),
        )  # fmt: skip
        added = db.session.scalar(first.returning(Certificate.id))
    if added is None:
        again = insert_into(Certificate).values(**values, counted=False)
        added = db.session.scalar(again.returning(Certificate.id))
    return db.session.get_one(Certificate, added)


def _tell(batch: Batch, signup: Signup, certificate: Certificate) -> None:
    phone = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    tell(
        "certificate.issued", dedupe_key=f"certificate:{certificate.id}:issued", body=messages.issued(batch.kind.name),
        phone=phone, about=certificate, unit_id=certificate.owner_unit_id,
    )  # fmt: skip
