"""came first

Revision ID: 20261126_03
Revises: 20261126_02
Create Date: 2026-11-26 10:05:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_03'
down_revision = '20261126_02'
branch_labels = None
depends_on = None

BEFORE = "source in ('camera','name','code','paper','wall')"
AFTER = "source in ('camera','name','code','paper','wall','later')"


def upgrade():
    op.create_table('provisional_check_in',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('token_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('came_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint('signup_id is null or ended_at is not null', name=op.f('ck_provisional_check_in_ended')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_provisional_check_in_account_id_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_provisional_check_in_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_provisional_check_in_run_id_course_run')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_provisional_check_in_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provisional_check_in')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_provisional_check_in_token_hash')),
    sa.UniqueConstraint('uid', name=op.f('uq_provisional_check_in_uid'))
    )
    op.create_index('ix_provisional_check_in_phone_index', 'provisional_check_in', ['phone_index'])
    op.create_index('uq_provisional_check_in_open', 'provisional_check_in', ['run_id', 'phone_index', 'name'],
                    unique=True, sqlite_where=sa.text('ended_at is null'), postgresql_where=sa.text('ended_at is null'))
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_scan_source'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_scan_source'), AFTER)


def downgrade():
    # What the older schema has no word for is closest to a tick from a list.
    op.execute("update scan set source = 'paper' where source = 'later'")
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_scan_source'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_scan_source'), BEFORE)
    op.drop_table('provisional_check_in')
