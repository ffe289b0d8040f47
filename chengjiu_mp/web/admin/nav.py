"""The console's menu. A page adds its line here; a caller sees the lines of their roles, where the page exists."""

from flask import current_app, url_for

from chengjiu_mp.core.context import Principal

STAFF = ("unit_manager", "operator", "approver", "auditor")

# (label, endpoint, roles), in the order of the work.
NAV: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("总览", "console.home", (*STAFF, "system")),
    ("场次", "console_runs.index", STAFF),
    ("场次日历", "console_calendar.index", STAFF),
    ("海报链接", "console_links.index", STAFF),
    ("单位名单", "console_lists.index", ("unit_manager", "operator")),
    ("成绩确认", "console_results.index", STAFF),
    ("代理", "console_deputies.index", ("approver",)),
    ("证书", "console_certificates.index", STAFF),
    ("换手机号", "console_phones.index", ("operator", "approver")),
    ("打印和领取", "console_printing.index", STAFF),
    ("任务进度", "console_progress.index", STAFF),
    ("年度任务", "console_targets.index", STAFF),
    ("师资", "console_instructors.index", STAFF),
    ("消息", "console_messages.index", STAFF),
    ("告知书", "console_notices.index", STAFF),
    ("考核方案", "console_schemes.index", STAFF),
    ("设置", "console_settings.index", STAFF),
    ("审计", "console_audit.index", ("operator", "auditor")),
    ("后台作业", "console_jobs.index", ("operator", "auditor", "system")),
)


def items(caller: Principal) -> list[dict[str, str]]:
    """Return the lines that ``caller`` may follow."""
    known = current_app.view_functions
    return [{"label": a, "href": url_for(b)} for a, b, roles in NAV if b in known and caller.has(*roles)]
