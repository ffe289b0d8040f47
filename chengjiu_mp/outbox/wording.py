"""What a provider's approved template can say of a message.

Providers in China send approved templates only, with a few short variables, and none of them may be an address. The
text that the product writes stays whole for the person's own inbox; a template takes from it what it has room for.
"""

import re
from collections.abc import Mapping, Sequence

from chengjiu_mp.core import clock
from chengjiu_mp.outbox.parcels import Parcel

FAMILIES = {
    "code": "验证码", "signup": "报名", "guardian": "监护人同意", "run": "场次", "checkin": "签到", "result": "成绩",
    "certificate": "证书", "refresher": "复训", "survey": "问卷", "consent": "同意书", "units": "单位",
}  # fmt: skip
KINDS = {
    "signup.confirmed": "报名成功", "signup.waiting": "候补登记", "signup.promoted": "候补转正",
    "signup.offered": "留了名额", "signup.offer_lapsed": "名额已让出", "signup.withdrawn": "取消报名",
    "signup.run_cancelled": "停课", "signup.rescheduled": "改期", "signup.merged": "合并场次", "signup.moved": "换场",
    "signup.reminder": "上课提醒", "signup.seat_released": "名额已让出", "signup.unanswered": "没有等到监护人同意",
    "signup.not_reached": "没有排到",
    "signup.phone_left": "手机号换成别的", "signup.phone_taken": "手机号换成这个",
    "checkin.reminder": "提醒老师准备签到",
    "guardian.asked": "请监护人同意", "guardian.agreed": "监护人已同意", "certificate.expiring": "证书到期提醒",
    "result.failed": "考核结果",
    "checkin.complete_asked": "请补填信息",
    "certificate.issued": "发证", "certificate.revoked": "证书吊销", "certificate.corrected": "证书更正",
    "certificate.code_changed": "证书换二维码", "certificate.change_refused": "证书更正没有通过",
    "certificate.phone_left": "手机号换成别的",
    "certificate.paper_waiting": "纸质证书可领取", "certificate.paper_sent": "纸质证书已寄出",
    "refresher.recorded": "复训登记", "refresher.reminder": "复训提醒",
}  # fmt: skip
VARIABLES = ("code", "day", "time", "when", "text", "about")

_SIGN = re.compile(r"^【[^】]*】")
_ADDRESS = re.compile(r"https?://[!-~]+")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_DAY = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日")
# A message of a change names the old day first; what people need is what follows these words.
_NEW_DAY = re.compile(r"(?:改到|合并到)")
_TIME = re.compile(r"(?<!\d)([01]\d|2[0-3]):[0-5]\d")


def family_of(kind: str) -> str:
    """Return the Chinese word of a kind's family."""
    return FAMILIES.get(kind.partition(".")[0], "通知")


def word_of(kind: str) -> str:
    """Return the Chinese word of a kind, for staff."""
    return KINDS.get(kind) or family_of(kind)


def variables(parcel: Parcel) -> dict[str, str]:
    """Return what the message says, by name; a name that it says nothing of is missing.

    ``code`` six digits · ``day`` 12月5日 · ``time`` 09:00 · ``when`` 2026年12月5日 09:00 · ``text`` the whole text
    without its sign and addresses · ``about`` the word of its family. Days and times are the first in the text, in a
    message of a change the new ones.
    """
    text = _ADDRESS.sub("", _SIGN.sub("", parcel.body)).strip()
    found = {"text": text, "about": family_of(parcel.kind)}
    if code := _CODE.search(text):
        found["code"] = code[0]
    change = _NEW_DAY.search(text)
    begin = change.end() if change else 0
    if time := _TIME.search(text, begin):
        found["time"] = time[0]
    if day := _DAY.search(text, begin):
        found["day"] = f"{int(day[2])}月{int(day[3])}日"
        year = int(day[1]) if day[1] else _year(int(day[2]), parcel)
        found["when"] = f"{year}年{found['day']}" + (f" {found['time']}" if time else "")
    return found


def filled(names: Sequence[str], given: Mapping[str, str], longest: int) -> list[str] | None:
    """Return the values of a template's variables; None when one is missing or longer than the provider takes."""
    values = [given.get(name, "") for name in names]
    return values if all(0 < len(value) <= longest for value in values) else None


def _year(month: int, parcel: Parcel) -> int:
    """Return the year that a day without one lies in: a month that is long past is next year's."""
    written = clock.local(parcel.written_at)
    return written.year + int(month < written.month - 2)
