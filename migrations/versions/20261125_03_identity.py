"""when the holder of a ticket confirmed the name as it will be printed

Revision ID: 20261125_03
Revises: 20261125_01
Create Date: 2026-11-25 19:45:00

"""

import sqlalchemy as sa
from alembic import op

revision = "20261125_03"
down_revision = '20261125_02'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("signup", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_confirmed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    with op.batch_alter_table("signup", schema=None) as batch_op:
        batch_op.drop_column("name_confirmed_at")
