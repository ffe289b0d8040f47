"""latin names

Revision ID: 20261126_01
Revises: 20261125_08
Create Date: 2026-11-26 06:50:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_01'
down_revision = '20261125_08'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('latin_surname', sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column('latin_given', sa.String(length=100), nullable=True))


def downgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_column('latin_given')
        batch_op.drop_column('latin_surname')
