"""An employer checks a list: number and name a line, an answer a line, and a receipt that can be checked later
(feat-N26). Nobody's name or dates come back but what was typed; nothing is kept of a list.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chengjiu_mp.certificates import lookup, verifying
from chengjiu_mp.certificates.earlier import EarlierSeen
from chengjiu_mp.certificates.errors import CertificateUnknown, NothingToVerify, TooManyLines, YearIncomplete
from chengjiu_mp.certificates.queries import Seen
from chengjiu_mp.certificates.states import WORDS
from chengjiu_mp.core import clock, limits, privacy
from chengjiu_mp.core.db import savepoint, unit_of_work
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.core.limits import Limit

MOST = 200
_LISTS = ((30, lookup.HOUR), (100, lookup.DAY))
# Who asks for what is not there, or under another name, is guessing; a list of real certificates has few of these.
_MISSES = ((100, lookup.HOUR), (300, lookup.DAY))
_APART = re.compile(r"[\s,，;；、|]+")
_NUMBER = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9-]{3,59}")
_LETTERS = re.compile(r"[A-Za-z]{2}")
_HEADINGS = {"姓名", "编号", "证书编号", "证书号", "序号", "name", "number"}
_LINE = re.compile(r"(\d{4}-\d{2}-\d{2}) 核验：(.{1,200}) (\S{4,60}) (\S{2,60})（回执 ([A-Z2-7]{4})-([A-Z2-7]{4})）")


@dataclass(frozen=True)
class Asked:
    """One line; without ``number`` or ``name`` where it could not be read."""

    typed: str
    number: str
    name: str


@dataclass(frozen=True)
class Answered:
    """``code``: a public state, or name_differs, unknown, year_incomplete, unreadable, test, later. ``words`` say it
    in Chinese; ``record`` is the line to keep, empty where nothing was verified.
    """

    asked: Asked
    code: str
    words: str
    record: str = ""


def read_lines(text: str) -> list[Asked]:
    """Return what was pasted, a certificate a line: the number is what looks like one, the rest is the name.

    :raise NothingToVerify: about ``lines``, when there is none; :raise TooManyLines: more than :data:`MOST`
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not set(_APART.split(line.lower())) <= _HEADINGS]
    return _bounded([_read(line) for line in lines[: MOST + 1]])


def asked_of(pairs: Iterable[tuple[str, str]]) -> list[Asked]:
    """Return (number, name) pairs as lines.

    :raise NothingToVerify, TooManyLines: as :func:`read_lines`
    """
    # Single blanks, as a kept line is read again.
    return _bounded([Asked(number, verifying.tidy_number(number), " ".join(name.split())) for number, name in pairs])


def _bounded(lines: list[Asked]) -> list[Asked]:
    if not lines:
        raise NothingToVerify(field="lines")
    if len(lines) > MOST:
        raise TooManyLines(field="lines", most=MOST)
    return lines


def _read(line: str) -> Asked:
    parts = [part for part in _APART.split(line) if part]
    # A table's own numbering, a date, a phone or an identity number may stand beside ours, which has letters.
    numbers = [part for part in parts if _NUMBER.fullmatch(part)]
    ours = [part for part in numbers if _LETTERS.match(part)]
    number = next(iter(ours or numbers), "")
    name = " ".join(part for part in parts if not any(map(str.isdigit, part)))
    return Asked(line, verifying.tidy_number(number), name)


def verify_lines(asked: Sequence[Asked], network: str) -> list[Answered]:
    """Return an answer for each line, in their order.

    :param network: :func:`chengjiu_mp.core.asking.network`
    :raise TooMany: too many lists, or too many lines in the dark, from there; a single certificate that was asked for
        too often is answered "later" instead
    """
    limits.spend(*(Limit(f"verify-lists:{seconds}:{network}", times, seconds) for times, seconds in _LISTS))
    found: list[Answered] = []
    with unit_of_work():
        for one in asked:
            answer = _answer(one)
            if answer.code in ("unknown", "name_differs", "year_incomplete"):
                limits.count(*(Limit(f"verify-misses:{sec}:{network}", times, sec) for times, sec in _MISSES))
            found.append(answer)
    return found


def _answer(one: Asked) -> Answered:
    if not one.number or not one.name:
        return Answered(one, "unreadable", "看不懂这一行，请写姓名和证书编号，中间空一格")
    try:
        with savepoint():
            lookup.count_name("number", one.number)
    except TooMany:
        return Answered(one, "later", "这个编号今天查得太多，请过一会儿再查")
    try:
        seen = verifying.by_number(one.number, one.name)
    except (CertificateUnknown, YearIncomplete) as unknown:
        code = "unknown" if isinstance(unknown, CertificateUnknown) else "year_incomplete"
        return Answered(one, code, "查无此证" if code == "unknown" else unknown.message.rstrip("。"))
    if seen is None:
        return Answered(one, "name_differs", "姓名不一致")
    code, words = _verdict(seen)
    return Answered(one, code, words, _record(one, words))


def _verdict(seen: Seen | EarlierSeen) -> tuple[str, str]:
    if seen.certificate.is_test:
        return "test", "测试证书，无效力"
    days = {"expired": seen.certificate.valid_until, "revoked": seen.certificate.revoked_on}
    # An old ledger does not always tell the day.
    day = f"（{days[seen.state]}）" if days.get(seen.state) else ""
    earlier = "（历史数据）" if isinstance(seen, EarlierSeen) else ""
    return seen.state, f"{WORDS[seen.state]}{day}，姓名一致{earlier}"


def _record(one: Asked, words: str) -> str:
    day = clock.today().isoformat()
    receipt = _receipt(day, one.name, one.number, words)
    return f"{day} 核验：{one.name} {one.number} {words}（回执 {receipt[:4]}-{receipt[4:]}）"


def _receipt(day: str, name: str, number: str, words: str) -> str:
    sealed = privacy.blind_index("verify-receipt", f"{day}|{name}|{number}|{words}")
    return base64.b32encode(sealed[:5]).decode()


def spend_record(network: str) -> None:
    """Count a look at a kept line.

    :raise TooMany: sixty in a minute from there
    """
    limits.spend(Limit(f"verify-record:{network}", 60, 60))


def is_ours(record: str) -> bool:
    """Return whether a kept line is what we once answered, to the letter. What the certificate is worth today it does
    not say.
    """
    found = _LINE.fullmatch(" ".join(record.split()).strip("「」"))
    if found is None:
        return False
    day, name, number, words, *receipt = found.groups()
    return _receipt(day, name, number, words) == "".join(receipt)
