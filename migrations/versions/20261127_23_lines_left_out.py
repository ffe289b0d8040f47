"""an upload of a list keeps which lines hold nobody

Revision ID: 20261127_23
Revises: 20261127_20
Create Date: 2026-11-27 16:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261127_23'
down_revision = '20261127_20'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('unit_list_upload', schema=None) as batch_op:
        batch_op.add_column(sa.Column('left_out', sa.Text(), server_default='[]', nullable=False))
    # The tables' own default is the product's; the server's was for the rows that are there.
    with op.batch_alter_table('unit_list_upload', schema=None) as batch_op:
        batch_op.alter_column('left_out', existing_type=sa.Text(), existing_nullable=False, server_default=None)


def downgrade():
    with op.batch_alter_table('unit_list_upload', schema=None) as batch_op:
        batch_op.drop_column('left_out')
