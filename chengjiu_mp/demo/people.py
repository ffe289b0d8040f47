"""Invented people. Every number is made here, with valid check digits; nobody is anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product

from chengjiu_mp.people.resident_number import check_character

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN = (
    "建国", "秀英", "伟", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "霞",
    "平", "刚", "桂英", "雨桐", "子涵", "浩然", "欣怡", "梓萱", "俊杰", "思远", "嘉怡", "文博",
)  # fmt: skip

# Long, rare and foreign names that every page, picture and list must bear.
UNUSUAL = (
    "古丽米热·阿卜杜热合曼", "欧阳娜娜", "扎西·次仁旺堆多吉平措·索朗丹增", "王𬍛", "李㛃", "张䶮", "司马相如",
    "JOHN SMITH", "刘𬱖", "O'BRIEN SEAN",
)  # fmt: skip
# No installed font draws this character (Extension I): the certificate waits at the 待补字 desk.
UNDRAWABLE = "钱\U0002ebf0"


@dataclass(frozen=True)
class Extra:
    """An invented person."""

    name: str
    document: str
    phone: str


def extras(first: int) -> Iterator[Extra]:
    """Yield people, always the same from the same ``first``; ranges of 1,000 do not meet."""
    names = (family + given for given, family in product(_GIVEN, _SURNAMES))
    for number, name in zip(count(first), names, strict=False):
        yield extra(number, name)


def extra(number: int, name: str) -> Extra:
    """Return the person of a number, under ``name``."""
    year, month, day = 1960 + number * 7 % 45, 1 + number % 12, 1 + number * 5 % 28
    body = f"320281{year}{month:02d}{day:02d}{number % 1000:03d}"
    return Extra(name, body + check_character(body), f"138{number:08d}")
