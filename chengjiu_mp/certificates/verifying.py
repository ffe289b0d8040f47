"""Anybody may ask what a certificate is worth: by the code on it, or by number and name."""

import re

from chengjiu_mp.certificates.earlier import EarlierSeen, earlier_by_number
from chengjiu_mp.certificates.errors import CertificateUnknown, SampleCode, YearIncomplete
from chengjiu_mp.certificates.lookup import reads_as
from chengjiu_mp.certificates.queries import Seen, certificate_by_number, certificate_by_token
from chengjiu_mp.certificates.samples import SAMPLE_TOKEN
from chengjiu_mp.certificates.years import year_is_complete
from chengjiu_mp.core import clock

# The year stands in every number pattern; the plan began in 2022, older papers are checked by phone all the same.
_YEAR = re.compile(r"(?<!\d)(20\d{2})(?=\d{3,}|\D|$)")


def by_token(token: str) -> Seen:
    """Return what a code stands for.

    :raise SampleCode: that of a sample; :raise CertificateUnknown: none of ours, or malformed
    """
    if token == SAMPLE_TOKEN:
        raise SampleCode
    seen = certificate_by_token(token)
    if seen is None:
        raise CertificateUnknown
    return seen


def by_number(number: str, name: str) -> Seen | EarlierSeen | None:
    """Return the certificate of this number, ours or an earlier one, when the name is the holder's, None when it is
    not.

    :raise YearIncomplete: an unknown number of a year whose certificates are not all here
    :raise CertificateUnknown: any other unknown number
    """
    number = tidy_number(number)
    seen = certificate_by_number(number) or earlier_by_number(number)
    if seen is None:
        _refuse_unknown(number)
        return None
    return seen if reads_as(name, seen.name) else None


def tidy_number(number: str) -> str:
    """Return a number as we write it, whatever blanks and small letters somebody typed."""
    return re.sub(r"\s+", "", number).upper()


def _refuse_unknown(number: str) -> None:
    found = _YEAR.search(number)
    year = int(found[1]) if found else None
    if year is None or year > clock.today().year or year_is_complete(year):
        raise CertificateUnknown(field="number")
    raise YearIncomplete(field="number", year=year)
