"""closing

Revision ID: 20261126_08
Revises: 20261126_03
Create Date: 2026-11-26 11:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_08'
down_revision = '20261126_03'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('run_evidence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('file', sa.String(length=80), nullable=True),
    sa.Column('small', sa.String(length=80), nullable=True),
    sa.Column('bytes', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('remove_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint("kind in ('photo','sheet')", name=op.f('ck_run_evidence_kind')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_run_evidence_account_id_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_run_evidence_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_evidence'))
    )
    op.create_index(op.f('ix_run_evidence_run_id'), 'run_evidence', ['run_id'])
    op.create_table('popular_record',
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('presenter', sa.String(length=100), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.CheckConstraint('minutes > 0', name=op.f('ck_popular_record_minutes')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_popular_record_account_id_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_popular_record_run_id_course_run')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_popular_record'))
    )


def downgrade():
    # The files of the pictures stay in the storage, unnamed; nothing older knows how to show them.
    op.drop_table('popular_record')
    op.drop_table('run_evidence')
