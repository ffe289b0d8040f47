"""print files for stock that was printed before, moved as their printer needs it

Revision ID: 20261127_17
Revises: 20261126_16
Create Date: 2026-11-27 09:00:00

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "20261127_17"
down_revision = "20261126_16"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("print_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("across", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("down", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("print_file", schema=None) as batch_op:
        batch_op.alter_column("across", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch_op.alter_column("down", existing_type=sa.Integer(), existing_nullable=False, server_default=None)


def downgrade():
    with op.batch_alter_table("print_file", schema=None) as batch_op:
        batch_op.drop_column("down")
        batch_op.drop_column("across")
