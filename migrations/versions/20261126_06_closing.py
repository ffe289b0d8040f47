"""closing

Revision ID: 20261126_06
Revises: 20261126_05
Create Date: 2026-11-26 11:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_06'
down_revision = '20261126_05'
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
    op.create_table('exit_scan',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('scanned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_exit_scan_account_id_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_exit_scan_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_exit_scan_run_id_course_run')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_exit_scan_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exit_scan'))
    )
    op.create_index('ix_exit_scan_signup_meeting', 'exit_scan', ['signup_id', 'meeting_id'])
    op.create_index('uq_exit_scan_run_nonce', 'exit_scan', ['run_id', 'nonce'], unique=True)
    op.create_table('attendance_correction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.CheckConstraint('minutes > 0', name=op.f('ck_attendance_correction_minutes')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_attendance_correction_account_id_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_attendance_correction_run_id_course_run')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_attendance_correction_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attendance_correction'))
    )
    op.create_index(op.f('ix_attendance_correction_run_id'), 'attendance_correction', ['run_id'])
    # The defaults are for the rows that are there; the models say them for those to come.
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.add_column(sa.Column('exit_scan', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('min_attendance_ratio', sa.Double(), nullable=False, server_default='1'))
    op.execute('update syllabus set min_attendance_ratio = 0.9 where hours > 4')
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.alter_column('exit_scan', server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
        batch_op.alter_column('min_attendance_ratio', server_default=None, existing_type=sa.Double(),
                              existing_nullable=False)
        batch_op.create_check_constraint(batch_op.f('ck_syllabus_attendance_ratio'),
                                         'min_attendance_ratio >= 0 and min_attendance_ratio <= 1')


def downgrade():
    # The files of the pictures stay in the storage, unnamed; nothing older knows how to show them.
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_syllabus_attendance_ratio'), type_='check')
        batch_op.drop_column('min_attendance_ratio')
        batch_op.drop_column('exit_scan')
    op.drop_table('attendance_correction')
    op.drop_table('exit_scan')
    op.drop_table('popular_record')
    op.drop_table('run_evidence')
