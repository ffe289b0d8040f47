"""own data: notices are drafted and published, personal data is erased with a date

Revision ID: 20261125_04
Revises: 20261125_01
Create Date: 2026-11-25 19:45:00

"""
from alembic import op
import sqlalchemy as sa


revision = '20261125_04'
down_revision = '20261125_03'
branch_labels = None
depends_on = None

DRAFT = sa.text("published_at is null")
CURRENT = sa.text("current")


def upgrade():
    for table, names in _DATES.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice", sa.Column("drafted_by", sa.Integer(), nullable=True))
    op.add_column("notice", sa.Column("published_by", sa.Integer(), nullable=True))
    # What is there was in force from the first day on.
    op.execute("update notice set published_at = current_timestamp")
    with op.batch_alter_table("notice") as notice:
        notice.create_check_constraint(op.f("ck_notice_published"), "published_at is not null or not current")
    op.create_index(
        "uq_notice_one_draft", "notice", ["purpose"], unique=True, sqlite_where=DRAFT, postgresql_where=DRAFT
    )
    op.create_index(
        "uq_notice_one_current", "notice", ["purpose"], unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT
    )


def downgrade():
    op.drop_index("uq_notice_one_current", table_name="notice")
    op.drop_index("uq_notice_one_draft", table_name="notice")
    # The older release knows no drafts: nobody agreed to one.
    op.execute("delete from notice where published_at is null")
    with op.batch_alter_table("notice") as notice:
        notice.drop_constraint(op.f("ck_notice_published"), type_="check")
        for name in ("published_by", "drafted_by", "published_at"):
            notice.drop_column(name)
    for table, names in _DATES.items():
        with op.batch_alter_table(table) as changed:
            for name in names:
                changed.drop_column(name)


_DATES = {"person": ("erased_at", "forgotten_at"), "signup": ("erased_at",), "message": ("erased_at",)}
