"""paired devices

Revision ID: 20261126_05
Revises: 20261126_04
Create Date: 2026-11-26 10:10:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_05'
down_revision = '20261126_04'
branch_labels = None
depends_on = None

LIVE = sa.text('revoked_at is null')


def upgrade():
    op.create_table('paired_device',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('label', sa.String(length=40), nullable=False),
    sa.Column('paired_by', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind in ('own','helper')", name=op.f('ck_paired_device_kind')),
    sa.ForeignKeyConstraint(['paired_by'], ['account.id'], name=op.f('fk_paired_device_paired_by_account')),
    sa.ForeignKeyConstraint(['revoked_by'], ['account.id'], name=op.f('fk_paired_device_revoked_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_paired_device_run_id_course_run')),
    sa.ForeignKeyConstraint(['session_id'], ['sign_in_session.id'], name=op.f('fk_paired_device_session_id_sign_in_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paired_device'))
    )
    op.create_index('ix_paired_device_run_id', 'paired_device', ['run_id'])
    op.create_index('ix_paired_device_session_id', 'paired_device', ['session_id'])
    op.create_index('uq_paired_device_live', 'paired_device', ['run_id', 'session_id'], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table('device_invitation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('token_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('most', sa.Integer(), nullable=False),
    sa.Column('uses', sa.Integer(), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('uses >= 0 and uses <= most', name=op.f('ck_device_invitation_uses')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_device_invitation_made_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_device_invitation_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_invitation')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_device_invitation_token_hash'))
    )
    op.create_index('uq_device_invitation_live', 'device_invitation', ['run_id'], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.add_column(sa.Column('device_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_scan_device_id_paired_device'), 'paired_device', ['device_id'], ['id'])
        batch_op.create_index('ix_scan_device_id', ['device_id'])


def downgrade():
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.drop_index('ix_scan_device_id')
        batch_op.drop_constraint(batch_op.f('fk_scan_device_id_paired_device'), type_='foreignkey')
        batch_op.drop_column('device_id')
    op.drop_table('device_invitation')
    op.drop_table('paired_device')
