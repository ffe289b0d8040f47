"""how certificate numbers are made

Revision ID: 20261126_11
Revises: 20261126_10
Create Date: 2026-11-26 13:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_11'
down_revision = '20261126_10'
branch_labels = None
depends_on = None

PROPOSED = sa.text("state = 'proposed'")
WAITS = sa.text("state = 'waiting'")
IN_FORCE = sa.text("state = 'in_force'")


def upgrade():
    op.create_table('series_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('course_type_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=10), nullable=False),
    sa.Column('pattern', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('proposed_by', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("mode in ('local','external')", name=op.f('ck_series_rule_mode')),
    sa.CheckConstraint("state in ('proposed','in_force','refused','replaced')", name=op.f('ck_series_rule_state')),
    sa.CheckConstraint("(mode = 'local') = (pattern <> '')", name=op.f('ck_series_rule_pattern')),
    sa.ForeignKeyConstraint(['course_type_id'], ['course_type.id'], name=op.f('fk_series_rule_course_type_id_course_type')),
    sa.ForeignKeyConstraint(['proposed_by'], ['account.id'], name=op.f('fk_series_rule_proposed_by_account')),
    sa.ForeignKeyConstraint(['decided_by'], ['account.id'], name=op.f('fk_series_rule_decided_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_series_rule'))
    )
    op.create_index('uq_series_rule_proposed', 'series_rule', ['course_type_id', 'year'], unique=True, sqlite_where=PROPOSED, postgresql_where=PROPOSED)
    op.create_index('uq_series_rule_in_force', 'series_rule', ['course_type_id', 'year'], unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)
    op.create_table('waiting_number',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('course_type_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("state in ('waiting','numbered')", name=op.f('ck_waiting_number_state')),
    sa.CheckConstraint("(state = 'numbered') = (certificate_id is not null)", name=op.f('ck_waiting_number_numbered')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_waiting_number_signup_id_signup')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_waiting_number_run_id_course_run')),
    sa.ForeignKeyConstraint(['course_type_id'], ['course_type.id'], name=op.f('fk_waiting_number_course_type_id_course_type')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_waiting_number_certificate_id_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting_number')),
    sa.UniqueConstraint('certificate_id', name=op.f('uq_waiting_number_certificate_id'))
    )
    for column in ('signup_id', 'run_id'):
        op.create_index(f'ix_waiting_number_{column}', 'waiting_number', [column], unique=False)
    op.create_index('uq_waiting_number_signup', 'waiting_number', ['signup_id'], unique=True, sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_table('number_export',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=True),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('with_documents', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_number_export_run_id_course_run')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_number_export_made_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_number_export'))
    )
    op.create_table('number_block',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('first', sa.Integer(), nullable=False),
    sa.Column('upto', sa.Integer(), nullable=False),
    sa.Column('next', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.Integer(), nullable=True),
    sa.CheckConstraint('first >= 1 and upto >= first - 1', name=op.f('ck_number_block_range')),
    sa.CheckConstraint('next >= first and next <= upto + 1', name=op.f('ck_number_block_next')),
    sa.CheckConstraint('closed_at is null or next = upto + 1', name=op.f('ck_number_block_closed')),
    sa.ForeignKeyConstraint(['series_id'], ['number_series.id'], name=op.f('fk_number_block_series_id_number_series')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_number_block_unit_id_unit')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_number_block_made_by_account')),
    sa.ForeignKeyConstraint(['closed_by'], ['account.id'], name=op.f('fk_number_block_closed_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_number_block'))
    )
    op.create_index('ix_number_block_series_id', 'number_block', ['series_id'], unique=False)
    op.create_table('number_void',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['series_id'], ['number_series.id'], name=op.f('fk_number_void_series_id_number_series')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_number_void_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_number_void_made_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_number_void')),
    sa.UniqueConstraint('number', name=op.f('uq_number_void_number')),
    sa.UniqueConstraint('certificate_id', name=op.f('uq_number_void_certificate_id'))
    )
    op.create_index('uq_number_void_place', 'number_void', ['series_id', 'sequence'], unique=True)
    op.create_table('handover_columns',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_handover_columns_made_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover_columns'))
    )
    op.create_table('handover_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_handover_batch_made_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover_batch'))
    )
    op.create_table('handover_row',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('reported', sa.String(length=10), nullable=False),
    sa.Column('digests', sa.JSON(), nullable=False),
    sa.Column('verdict', sa.String(length=10), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("reported in ('issued','corrected','revoked')", name=op.f('ck_handover_row_reported')),
    sa.CheckConstraint("verdict in ('sent','accepted','rejected','differs')", name=op.f('ck_handover_row_verdict')),
    sa.ForeignKeyConstraint(['batch_id'], ['handover_batch.id'], name=op.f('fk_handover_row_batch_id_handover_batch')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_handover_row_certificate_id_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover_row'))
    )
    op.create_index('ix_handover_row_certificate_id', 'handover_row', ['certificate_id'], unique=False)
    op.create_index('uq_handover_row', 'handover_row', ['batch_id', 'certificate_id'], unique=True)


def downgrade():
    op.drop_table('handover_row')
    op.drop_table('handover_batch')
    op.drop_table('handover_columns')
    op.drop_table('number_void')
    op.drop_table('number_block')
    op.drop_table('number_export')
    op.drop_table('waiting_number')
    op.drop_table('series_rule')
