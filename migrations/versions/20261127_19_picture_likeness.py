"""pictures of runs know what they look like, and which earlier one of another run they repeat

Revision ID: 20261127_19
Revises: 20261127_17
Create Date: 2026-11-27 12:30:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261127_19'
down_revision = '20261127_17'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('run_evidence', schema=None) as batch_op:
        batch_op.add_column(sa.Column('likeness', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('like_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_run_evidence_like_id_run_evidence'), 'run_evidence', ['like_id'], ['id']
        )
        batch_op.create_index(batch_op.f('ix_run_evidence_like_id'), ['like_id'], unique=False)


def downgrade():
    with op.batch_alter_table('run_evidence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_run_evidence_like_id'))
        batch_op.drop_constraint(batch_op.f('fk_run_evidence_like_id_run_evidence'), type_='foreignkey')
        batch_op.drop_column('like_id')
        batch_op.drop_column('likeness')
