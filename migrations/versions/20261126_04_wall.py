"""the wall's rotating code

Revision ID: 20261126_04
Revises: 20261126_03
Create Date: 2026-11-26 09:50:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_04'
down_revision = '20261126_03'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('wall_display',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=8), nullable=False),
    sa.Column('step_seconds', sa.Integer(), nullable=False),
    sa.Column('opened_by', sa.Integer(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('second_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('step_seconds in (15, 30)', name=op.f('ck_wall_display_step')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_wall_display_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['opened_by'], ['account.id'], name=op.f('fk_wall_display_opened_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_wall_display_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wall_display')),
    sa.UniqueConstraint('code', name=op.f('uq_wall_display_code'))
    )
    op.create_index('ix_wall_display_meeting_id', 'wall_display', ['meeting_id'], unique=False)
    op.create_index('uq_wall_display_run_number', 'wall_display', ['run_id', 'number'], unique=True)
    op.create_table('wall_presence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('display_id', sa.Integer(), nullable=False),
    sa.Column('counter', sa.Integer(), nullable=False),
    sa.Column('second', sa.Boolean(), nullable=False),
    sa.Column('device_id', sa.Integer(), nullable=True),
    sa.Column('took_ms', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['display_id'], ['wall_display.id'], name=op.f('fk_wall_presence_display_id_wall_display')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_wall_presence_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_wall_presence_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wall_presence'))
    )
    op.create_index('ix_wall_presence_meeting_id', 'wall_presence', ['meeting_id'], unique=False)
    op.create_index('uq_wall_presence_once', 'wall_presence', ['signup_id', 'meeting_id', 'second'], unique=True)


def downgrade():
    op.drop_table('wall_presence')
    op.drop_table('wall_display')
