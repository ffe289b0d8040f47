"""What jobs and the reasons why they rest are called on the page."""

from chengjiu_mp.core.job_progress import Progress

KINDS = {
    "certificates.render": "证书图片",
    "courses.finish_move": "换场收尾",
    "lists.read": "读取名单",
    "lists.enrol": "名单报名",
    "outbox.deliver": "发送消息",
    "reports.purge": "到期清理",
    "instructors.remind": "复训提醒",
}
_REASONS = {
    "disk_full": "磁盘满了，腾出空间后会自动继续，不用重新排队",
    "night": "夜里不打扰，早上再发",
    "paused": "发送通道暂停中，到时会自动继续",
    "attempts used up": "试了几次都没有成功，请联系系统管理员看日志，处理后重新排队",
}


def kind_words(kind: str) -> str:
    """Return a kind's name; one that has none yet keeps its code."""
    return KINDS.get(kind, kind)


def reason_words(reason: str | None) -> str:
    """Return why a job rests or stopped; an exception's class is for who reads the log."""
    if not reason:
        return "—"
    return _REASONS.get(reason, f"出错（{reason}），请联系系统管理员看日志")


def forecast(one: Progress) -> str:
    """Return when the rest may be done."""
    if one.seconds_left is None:
        return "刚开始，还算不出要多久"
    pace = f"最近每分钟 {one.per_minute:.0f} 项" if one.per_minute >= 1 else "最近每分钟不到 1 项"
    minutes = one.seconds_left / 60
    if minutes < 1:
        return f"{pace}，一分钟内完成"
    left = f"{minutes:.0f} 分钟" if minutes < 90 else f"{minutes / 60:.0f} 小时"
    return f"{pace}，大约还要 {left}"
