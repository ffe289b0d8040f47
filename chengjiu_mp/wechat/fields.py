"""What WeChat takes in the fields of a subscribe message and in the scene of a mini-program code.

Source: the platform's 订阅消息参数值内容限制说明 and getUnlimitedQRCode. A field that does not fit costs the whole
message (47003): values are judged before they are sent, on the strict side where the pages leave room.
"""

import re
from collections.abc import Callable
from datetime import date

from chengjiu_mp.people.han import is_han

THING_MAX = 20
_ELLIPSIS = "…"


def field_kind(name: str) -> str:
    """Return the kind of a template field: `thing13` is a `thing`, the digits are only part of its name."""
    return name.rstrip("0123456789")


def field_fits(name: str, value: str) -> bool:
    """Return whether the platform takes `value` in a field of this name or kind; unknown kinds take nothing."""
    judge = _JUDGES.get(field_kind(name))
    return judge is not None and _printable(value) and judge(value)


def shorten(value: str) -> str:
    """Return `value` for a `thing` field: one line, cut to 19 characters and … where it is too long."""
    line = " ".join("".join(c if _printable(c) else " " for c in value).split())
    if _width(line) <= THING_MAX:
        return line
    kept = line
    while _width(kept) > THING_MAX - 1:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


def scene_fits(value: str) -> bool:
    """Return whether `value` can be the scene of a mini-program code: 1 to 32 characters of the published set."""
    return _SCENE.fullmatch(value) is not None


_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _printable(value: str) -> bool:
    return value.strip() != "" and not _CONTROL.search(value)


def _width(value: str) -> int:
    # The platform does not say how it counts characters outside the basic plane: take the larger count, UTF-16 units.
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _is_thing(value: str) -> bool:
    return _width(value) <= THING_MAX


def _is_symbol(value: str) -> bool:
    return _width(value) <= 5 and not any(_is_word(c) or c == " " for c in value)


def _is_word(char: str) -> bool:
    return is_han(char) or (char.isascii() and char.isalnum())


def _is_name(value: str) -> bool:
    """Han, or Han mixed with letters: at most 10. Letters and symbols alone: at most 20. Digits: none."""
    if any(c in "0123456789" for c in value):
        return False
    return _width(value) <= (10 if any(map(is_han, value)) else 20)


def _is_phrase(value: str) -> bool:
    return _width(value) <= 5 and all(map(is_han, value))


def _is_car_number(value: str) -> bool:
    if not 1 <= _width(value) <= 8:
        return False
    inner, ends = value[1:-1], (value[0], value[-1])
    return all(c.isascii() and c.isalnum() for c in inner) and all(map(_is_word, ends))


# Dates and times, alone or as a range with ~

_DAY = re.compile(r"([0-9]{4})(?:年([0-9]{1,2})月([0-9]{1,2})日|([-/.])([0-9]{1,2})\4([0-9]{1,2}))")
_MONTH = re.compile(r"[0-9]{4}(?:年(?:0?[1-9]|1[0-2])月|[-/.](?:0?[1-9]|1[0-2]))")
_MONTH_DAY = re.compile(r"([0-9]{1,2})(?:月([0-9]{1,2})日|[-/.]([0-9]{1,2}))")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
_LEAP_YEAR = 2000


def _is_time(value: str) -> bool:
    """HH:mm(:ss), with or without a date before it; in a range each end is one."""
    return all(_moment(part.strip()) in {"clock", "both"} for part in _ends(value))


def _is_date(value: str) -> bool:
    """A date, with or without a time; the end of a range may be a time alone."""
    ends = [_moment(part.strip()) for part in _ends(value)]
    return ends[0] in {"day", "both"} and all(ends)


def _ends(value: str) -> list[str]:
    parts = value.split("~")
    return parts if len(parts) <= 2 else [""]


def _moment(text: str) -> str:
    """Return `clock`, `day`, `both`, or nothing where `text` is none of them."""
    if _CLOCK.fullmatch(text):
        return "clock"
    day, _, clock = text.partition(" ")
    if not _is_day(day):
        return ""
    if not clock:
        return "day"
    return "both" if _CLOCK.fullmatch(clock.strip()) else ""


def _is_day(text: str) -> bool:
    if _MONTH.fullmatch(text):
        return True
    if found := _DAY.fullmatch(text):
        return _exists(int(found[1]), int(found[2] or found[5]), int(found[3] or found[6]))
    found = _MONTH_DAY.fullmatch(text)
    return found is not None and _exists(_LEAP_YEAR, int(found[1]), int(found[2] or found[3]))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_JUDGES: dict[str, Callable[[str], bool]] = {
    "thing": _is_thing,
    "number": _matches(r"(?=.{1,32}$)[0-9]+(?:\.[0-9]+)?"),
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": _is_symbol,
    "character_string": _matches(r"[!-~]{1,32}"),
    "time": _is_time,
    "date": _is_date,
    "amount": _matches(r"[¥￥$€£]?[0-9]{1,10}(?:\.[0-9]+)?元?"),
    "phone_number": _matches(r"(?=.*[0-9])[-0-9+() ]{1,17}"),
    "car_number": _is_car_number,
    "name": _is_name,
    "phrase": _is_phrase,
    # Whether it is one of the template's values only the platform knows.
    "enum": _is_thing,
}
