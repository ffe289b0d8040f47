"""What a series' numbers look like, and whether two series could ever give the same one.

A pattern is data: fixed signs, ``{year}`` and one ``{seq:0Nd}``. No published rule was found (待业务核实)."""

import re
from functools import cache

from chengjiu_mp.certificates.errors import PatternRefused

MOST_SIGNS = 30
# Four signs at least: fewer are not looked up.
LEAST_SIGNS = 4
_DIGIT, _MORE = "\0", "\1"
_PART = re.compile(r"(\{year\}|\{seq(?::0[1-9]d)?\})")
_FIXED = re.compile(r"[0-9A-Z\u3400-\u9fff()（）〔〕【】\[\]\-—_/.·]*")
_WIDTH = re.compile(r"\{seq:0([1-9])d\}")


def with_width(typed: str, width: int) -> str:
    """Return a pattern as it is kept: capitals without blanks, ``{seq}`` filled up to ``width`` digits.

    :raise PatternRefused: what is wrong with it
    """
    pieces = re.split(r"(\{[^{}]*\})", re.sub(r"\s+", "", typed))
    pattern = "".join(p.lower() if p.startswith("{") else p.upper() for p in pieces)
    pattern = pattern.replace("{seq}", f"{{seq:0{width}d}}")
    check_pattern(pattern)
    return pattern


def check_pattern(pattern: str) -> None:
    """Let a pattern pass that gives readable numbers, each of them once.

    :raise PatternRefused: without exactly one {seq}, with other braces, strange signs, or too short or long
    """
    parts = _PART.split(pattern)
    if sum(bool(_WIDTH.fullmatch(part)) or part == "{seq}" for part in parts) != 1:
        raise PatternRefused("编号规则里要有一个 {seq}，代表流水号。例如：JYA{year}{seq}。", field="pattern")
    if parts.count("{year}") > 1:
        raise PatternRefused("编号规则里的 {year} 只能写一次。", field="pattern")
    if not all(_FIXED.fullmatch(part) for part in parts if not _PART.fullmatch(part)):
        why = "编号规则里只能用大写字母、数字、汉字、括号和横线，花括号里只能写 {year} 和 {seq}。"
        raise PatternRefused(why, field="pattern")
    if pattern.startswith("TEST"):
        raise PatternRefused("TEST 开头的编号留给测试证书，请换别的字母。", field="pattern")
    made = pattern.format(year=2026, seq=1)
    if not LEAST_SIGNS <= len(made) <= MOST_SIGNS:
        why = f"这样排出来的编号有 {len(made)} 位，请改成 {LEAST_SIGNS} 到 {MOST_SIGNS} 位。"
        raise PatternRefused(why, field="pattern")


def width_of(pattern: str) -> int:
    """Return how many digits the sequence has at least."""
    found = _WIDTH.search(pattern)
    return int(found[1]) if found else 1


def without_width(pattern: str) -> str:
    """Return a pattern as people type it."""
    return _WIDTH.sub("{seq}", pattern)


def expression(pattern: str, year: str) -> re.Pattern[str]:
    """Return what numbers of a pattern look like; ``year`` is an expression."""
    parts = _PART.split(pattern)
    made = [year if p == "{year}" else "[0-9]+" if p.startswith("{seq") else re.escape(p.upper()) for p in parts]
    return re.compile("".join(made))


def meet(one: str, its_year: int | None, other: str, others_year: int | None) -> bool:
    """Return whether some number belongs to both patterns; a year of None stands for any four digits."""
    a, b = _signs(one, its_year), _signs(other, others_year)

    @cache
    def from_here(i: int, j: int) -> bool:
        if i == len(a) and j == len(b):
            return True
        if i < len(a) and a[i] == _MORE and from_here(i + 1, j):
            return True
        if j < len(b) and b[j] == _MORE and from_here(i, j + 1):
            return True
        if i == len(a) or j == len(b) or not _same(a[i], b[j]):
            return False
        following = (i + (a[i] != _MORE), j + (b[j] != _MORE))
        return following != (i, j) and from_here(*following)

    return from_here(0, 0)


def _signs(pattern: str, year: int | None) -> list[str]:
    found: list[str] = []
    for part in _PART.split(pattern):
        if part == "{year}":
            found += list(str(year)) if year else [_DIGIT] * 4
        elif part.startswith("{seq"):
            found += [*[_DIGIT] * width_of(part), _MORE]
        else:
            found += list(part)
    return found


def _same(x: str, y: str) -> bool:
    any_x, any_y = x in (_DIGIT, _MORE), y in (_DIGIT, _MORE)
    if any_x and any_y:
        return True
    if any_x or any_y:
        return (y if any_x else x) in "0123456789"
    return x == y
