"""隐私说明: who handles what for which purpose, how long, and each notice in every version that people agreed to."""

from flask import Blueprint, render_template

from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.retention import periods
from chengjiu_mp.people.notices import published_notice, published_versions
from chengjiu_mp.people.queries import current_notices
from chengjiu_mp.web.retention_words import days, kept

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
@access(PUBLIC)
def index() -> str:
    """Show what 网络数据安全管理条例 art. 21 asks for, and the notices in force."""
    times = [(words, days(count)) for _, words, count in kept(periods())]
    return render_template(
        "h5/privacy.html", title="隐私说明", notices=current_notices(), times=times, back="/"
    )  # fmt: skip


@blueprint.get("/privacy/<purpose>/<row:version>")
@access(PUBLIC)
def text(purpose: str, version: int) -> str:
    """Show one text as people agreed to it, whether it is in force or not."""
    notice = published_notice(purpose, version)
    return render_template(
        "h5/privacy_text.html", title=notice.title, notice=notice, back="/privacy",
        versions=published_versions(purpose),
    )  # fmt: skip
