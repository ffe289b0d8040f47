"""Makers for tests about certificates."""

from sqlalchemy import select

from chengjiu_mp.certificates import passes
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.tasks import render
from chengjiu_mp.certificates.versions import RENDER_JOB, newest_version, token_of
from chengjiu_mp.core import privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.service import prove_phone
from chengjiu_mp.signin import sessions
from tests import exams_rows as rows
from tests import factories


def approver(role: str = "approver", unit_code: str | None = None) -> Principal:
    who = factories.account(role, unit_code)
    return Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))


def ready_run(
    *names: str, kind: str = "cpr_aed", approved_by: Principal | None = None, **values
) -> tuple[CourseRun, Principal]:
    """A run that is over, everybody passed and submitted; and an approver who may confirm it, a new one by default."""
    with factories.made():
        run = rows.past_run(kind, **values)
        for name in names or ("张三",):
            rows.result(rows.attended(run, name))
        rows.submitted(run)
        return run, approved_by or approver()


def issue(*names: str, **values) -> list[Certificate]:
    run, by = ready_run(*names, **values)
    with unit_of_work():
        return confirm(run.id, by)


def version_of(certificate: Certificate) -> CertificateVersion:
    return newest_version(certificate.id)


def token(certificate: Certificate) -> str:
    return token_of(version_of(certificate))


def phone_of(certificate: Certificate, *, proved: bool = True) -> str:
    """Return the holder's phone, proved unless said otherwise."""
    signup = db.session.get_one(Signup, certificate.signup_id)
    number = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    if proved:
        with unit_of_work():
            prove_phone(db.session.get_one(Person, certificate.person_id), number, "test")
    return number


def pass_of(certificate: Certificate) -> str:
    """Return the pass of who looked the certificate up by its holder's phone."""
    return passes.pass_for([certificate.person_id], privacy.phone_index(phone_of(certificate)))


def key_of(certificate: Certificate) -> str:
    """Return the key that its holder's look-up gives to the certificate."""
    return passes.key_of(certificate.id, privacy.phone_index(phone_of(certificate)))


def draw(certificate: Certificate) -> CertificateVersion:
    """Let the worker's task make the newest version's picture, and return the version."""
    version = version_of(certificate)
    jobs = select(Job.id).where(Job.kind == RENDER_JOB, Job.subject_id == version.id, Job.state == "queued")
    for job_id in db.session.scalars(jobs).all():
        db.session.rollback()
        render(job_id)
    return version_of(certificate)
