"""ticks of a checklist with an exam result

Revision ID: 20261126_10
Revises: 20261126_09
Create Date: 2026-11-26 14:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_10'
down_revision = '20261126_09'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.add_column(sa.Column('steps', sa.JSON(), nullable=False, server_default='{}'))
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.alter_column('steps', existing_type=sa.JSON(), existing_nullable=False, server_default=None)


def downgrade():
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.drop_column('steps')
