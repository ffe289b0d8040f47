"""How long something has waited, in words."""

from datetime import timedelta


def waited(since: timedelta) -> str:
    """Return 不到 1 小时, 5 小时, 3 天."""
    hours = int(since.total_seconds()) // 3600
    if hours < 1:
        return "不到 1 小时"
    return f"{hours} 小时" if hours < 48 else f"{hours // 24} 天"
