"""a party remembers that it chose to take what seats there are

Revision ID: 20261127_20
Revises: 20261127_19
Create Date: 2026-11-27 13:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261127_20'
down_revision = '20261127_19'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('party', schema=None) as batch_op:
        batch_op.add_column(sa.Column('split', sa.Boolean(), server_default=sa.false(), nullable=False))
    # The tables' own default is the product's; the server's was for the rows that are there.
    with op.batch_alter_table('party', schema=None) as batch_op:
        batch_op.alter_column('split', existing_type=sa.Boolean(), existing_nullable=False, server_default=None)


def downgrade():
    with op.batch_alter_table('party', schema=None) as batch_op:
        batch_op.drop_column('split')
