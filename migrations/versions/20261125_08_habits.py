"""habits

Revision ID: 20261125_08
Revises: 20261125_05
Create Date: 2026-11-25 19:55:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261125_08'
down_revision = '20261125_07'
branch_labels = None
depends_on = None

_TO_CONFIRM = sa.text("state = 'confirmed' and confirm_by is not null and reconfirmed_at is null")


def upgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reminded_for', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('confirm_by', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('reconfirmed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('excused_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_signup_to_confirm', ['confirm_by'], unique=False, sqlite_where=_TO_CONFIRM, postgresql_where=_TO_CONFIRM)


def downgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_index('ix_signup_to_confirm', sqlite_where=_TO_CONFIRM, postgresql_where=_TO_CONFIRM)
        batch_op.drop_column('excused_at')
        batch_op.drop_column('reconfirmed_at')
        batch_op.drop_column('confirm_by')
        batch_op.drop_column('reminded_for')
