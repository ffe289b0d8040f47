"""How long personal data is kept, in the words of the privacy page and the console."""

from dataclasses import asdict

from chengjiu_mp.core.retention import Periods

_WORDS = {
    "uncertified": "到场但没有取得证书的报名，培训结束后",
    "unfinished": "取消、未排到或未到场的报名，现场留了手机号没有补填的，培训结束后",
    "certified": "取得证书的，最后一张证书到期后，普及现场的照片和签到表，培训结束后",
    "messages": "发出的消息内容和手机号，没有通过的更名申请里的姓名，发出或答复后",
    "codes": "短信验证码，没有办完的换手机号，失效后",
    "sessions": "登录记录，失效后",
    "replies": "防止重复提交的回执，提交后",
}
# Rulings give the certificates' three years; the others are nobody's decision yet.
UNCONFIRMED = frozenset(_WORDS) - {"certified"}


def kept(periods: Periods) -> list[tuple[str, str, int]]:
    """Return (name, words, days) of each period."""
    return [(name, _WORDS[name], count) for name, count in asdict(periods).items()]


def days(count: int) -> str:
    """Return 365 days as 1 年, others in days; 0 as 当天夜里删除."""
    if count == 0:
        return "当天夜里删除"
    return f"保存 {count // 365} 年" if count % 365 == 0 else f"保存 {count} 天"
