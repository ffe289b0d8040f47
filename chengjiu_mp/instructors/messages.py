"""What instructors are told about their refresher."""

from datetime import date

from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.site import site

REMINDER = "refresher.reminder"
RECORDED = "refresher.recorded"


def reminder(name: str, due: date, today: date) -> str:
    """Return the reminder: when it is due, how long is left, whom to call."""
    left = (due - today).days
    when = f"将于{date_long(due)}到期，还有 {left} 天" if left > 0 else f"今天（{date_long(due)}）到期"
    if left < 0:
        when = f"已于{date_long(due)}到期"
    ask = "请在到期前参加复训" if left > 0 else "请尽快联系我们安排复训"
    call = f"安排和咨询请致电 {site().help_phone}。已参加过的，也请来电登记。"
    return site().signed(f"{name}老师，您的应急救护师资复训{when}。{ask}；{call}")


def recorded(name: str, next_due: date) -> str:
    """Return what follows a recorded refresher."""
    told = f"您的复训已登记，下次复训请在{date_long(next_due)}前完成。"
    return site().signed(f"{name}老师，{told}如有出入，请致电 {site().help_phone}。")
