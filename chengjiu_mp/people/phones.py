"""Phone numbers of persons. A code proves whose a number is; lists of ranges refuse real ones."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from chengjiu_mp.core.errors import Kind, Refusal
from chengjiu_mp.people.invisible import BLANKS, HYPHENS, INVISIBLE


@dataclass(frozen=True, slots=True)
class PhoneReading:
    """A number that was understood: eleven digits of the mainland, else + and the country code.

    ``sms`` says whether codes and reminders can be sent there. ``warnings`` are codes for staff: phone_no_sms.
    """

    number: str
    sms: bool
    warnings: tuple[str, ...] = ()


class PhoneRefused(Refusal):
    """Base of them all; ``field`` is ``phone`` unless the caller names another."""

    code = "phone_refused"
    message = "请填写 11 位手机号码，以 1 开头。"
    kind = Kind.INVALID

    def __init__(self, message: str | None = None, *, field: str | None = "phone", **facts: Any) -> None:
        super().__init__(message, field=field, **facts)


class PhoneEmpty(PhoneRefused):
    code = "phone_empty"
    message = "请填写手机号码。"


class PhoneMasked(PhoneRefused):
    code = "phone_masked"
    message = "这个手机号有几位被遮住了，请输入完整的 11 位号码。"


class PhoneCharacters(PhoneRefused):
    code = "phone_characters"
    message = "手机号只能有数字，请去掉文字和符号再试。"


class PhoneLength(PhoneRefused):
    code = "phone_length"
    message = "手机号应是 11 位数字，请核对位数。"


class PhoneLandline(PhoneRefused):
    """Cannot receive a code; organisations may give one as a contact."""

    code = "phone_landline"
    message = "这是固定电话，收不到短信，请填写手机号码。"


class PhoneRange(PhoneRefused):
    code = "phone_range"
    message = "这个号码不是手机号，请填写以 13 至 19 开头的 11 位手机号。"


class PhoneMachine(PhoneRefused):
    """Thirteen digits: a number of a thing, not of a person."""

    code = "phone_machine"
    message = "这是物联网设备的号码，请填写本人的 11 位手机号码。"


class PhoneForeign(PhoneRefused):
    code = "phone_foreign"
    message = "境外号码请写成“+国家或地区代码 号码”，并核对位数，例如香港是 +852 加 8 位数字。"


_DROPPED = dict.fromkeys(map(ord, BLANKS + HYPHENS + INVISIBLE + "().\u3002"))
_MAINLAND = re.compile(r"1[3-9][0-9]{9}")
_MAINLAND_CODE = re.compile(r"(?:\+|\+?00)86|86(?=1[0-9]{10}$)")
# A zero before a mobile number, as it was dialled from another city; 01 alone begins no other area code than 010.
_DIALLED_FROM_AFAR = re.compile(r"^0(?=1[3-9][0-9]{9}$)")
_MASKED = re.compile(r"\+?[0-9]*(?:\*|[X#?\u2022\u25cf\u25cb_]{2})[0-9*X#?\u2022\u25cf\u25cb_]*", re.IGNORECASE)
_NEIGHBOUR_WITHOUT_PLUS = re.compile(r"85[23][0-9]{8}|8869[0-9]{8}")
_MACHINE = re.compile(r"14[0-9]{11}")
_TAIWAN_AT_HOME = re.compile(r"09[0-9]{8}")
_LANDLINE = re.compile(r"0[1-9][0-9]{8,11}|[48]00[0-9]{7}")
# ITU-T E.164: at most fifteen digits with the country code; the three neighbours more exactly.
_ABROAD = re.compile(r"852[0-9]{8}|853[0-9]{8}|886[1-9][0-9]{7,8}|(?!852|853|886|86|0)[1-9][0-9]{6,14}")


def read_phone(raw: str) -> PhoneReading:
    """Return what `raw` is: a mainland mobile number, or a number elsewhere, which is kept without SMS.

    :raise PhoneRefused: one of the classes above, saying what to do
    """
    text = unicodedata.normalize("NFKC", raw).translate(_DROPPED)
    if not text:
        raise PhoneEmpty
    if _MASKED.fullmatch(text):
        raise PhoneMasked
    number = _MAINLAND_CODE.sub("", text, count=1) if _MAINLAND_CODE.match(text) else text
    number = _DIALLED_FROM_AFAR.sub("", number)
    if _MAINLAND.fullmatch(number):
        return PhoneReading(number, sms=True)
    if number == text and (abroad := re.fullmatch(r"(?:\+|00)([0-9]+)", text)):
        return _read_abroad(abroad[1])
    raise _why_not(number, coded=number != text)


def _read_abroad(digits: str) -> PhoneReading:
    # People keep the trunk zero behind Taiwan's country code.
    digits = re.sub(r"^8860(?=9)", "886", digits)
    if not _ABROAD.fullmatch(digits):
        raise PhoneForeign
    return PhoneReading(f"+{digits}", sms=False, warnings=("phone_no_sms",))


def _why_not(number: str, *, coded: bool) -> PhoneRefused:
    """Return the refusal; ``coded`` says that +86 was taken away, behind which a landline has lost its zero."""
    if not re.fullmatch("[0-9]+", number):
        return PhoneCharacters()
    if _MACHINE.fullmatch(number):
        return PhoneMachine()
    if _TAIWAN_AT_HOME.fullmatch(number) or _NEIGHBOUR_WITHOUT_PLUS.fullmatch(number):
        return PhoneForeign()
    if _LANDLINE.fullmatch(f"0{number}" if coded and number[0] not in "01" else number):
        return PhoneLandline()
    return PhoneRange() if len(number) == 11 else PhoneLength()


def mask_phone(number: str) -> str:
    """Return 138****8000; abroad the country code's three characters at most and the last two digits stay.

    No number, because it was erased, stays none.
    """
    if not number:
        return ""
    if _MAINLAND.fullmatch(number):
        return f"{number[:3]}****{number[-4:]}"
    return f"{number[:4]}****{number[-2:]}" if len(number) > 8 else "****"
