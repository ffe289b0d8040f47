"""The audit trail, to be read: who did what to which object, without personal data."""

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import select

from chengjiu_mp.core.access import access, roles
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.paging import page
from chengjiu_mp.signin.models import Account
from chengjiu_mp.web.admin.audit_actions import ACTIONS
from chengjiu_mp.web.admin.audit_values import facts_in_words
from chengjiu_mp.web.admin.audit_words import OBJECTS
from chengjiu_mp.web.admin.scope import require_city
from chengjiu_mp.web.templating import day_time_long

blueprint = Blueprint("console_audit", __name__, url_prefix="/console/audit")

_COLUMNS = ["时间", "谁", "做了什么", "对象", "内容"]


@blueprint.get("/")
@access(roles("operator", "auditor"))
def index() -> str:
    """Show one page, newest first; ``object=signup:12`` keeps one object's history."""
    require_city("operator", "auditor")
    kind, _, number = request.args.get("object", "").partition(":")
    query = select(AuditEntry)
    if number.isascii() and number.isdigit() and len(number) < 10:
        query = query.where(AuditEntry.object_type == kind, AuditEntry.object_id == int(number))
    found = page(query, AuditEntry.id, request.args.get("cursor"))
    wanted = {one for entry in found.items for one in (entry.actor_id, entry.facts.get("account")) if one}
    names = dict(db.session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted))).all())
    further = {"object": request.args.get("object"), "cursor": found.next_cursor}
    following = url_for(".index", **further) if found.next_cursor else ""  # type: ignore[arg-type]
    return render_template(
        "admin/list.html", title="审计", ways=[("查看未成年人信息的审计", url_for("console_children.index"))],
        caption="操作记录", columns=_COLUMNS, following=following, rows=[_row(one, names) for one in found.items],
    )  # fmt: skip


def _row(entry: AuditEntry, names: dict[int, str]) -> list[object]:
    # Who signs in is nobody yet when the entry is written.
    acting = entry.actor_id or (entry.facts.get("account") if entry.action == "session.opened" else None)
    who = names.get(acting or 0) or ("系统" if entry.actor_role == "system" else "公众")
    kind = OBJECTS.get(entry.object_type, entry.object_type)
    link = url_for(".index", object=f"{entry.object_type}:{entry.object_id}")
    about = {"text": f"{kind} {entry.object_id}", "href": link}
    facts = facts_in_words(entry.facts) or "—"
    return [day_time_long(entry.at), who, ACTIONS.get(entry.action, entry.action), about, facts]
