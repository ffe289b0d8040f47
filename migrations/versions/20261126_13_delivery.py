"""print files, the ledger of prints, ways of delivery

Revision ID: 20261126_13
Revises: 20261126_12
Create Date: 2026-11-26 13:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_13'
down_revision = '20261126_12'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('print_file',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=True),
    sa.Column('unit_id', sa.Integer(), nullable=True),
    sa.Column('product', sa.String(length=20), nullable=False),
    sa.Column('version_ids', sa.JSON(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('parts', sa.Integer(), nullable=False),
    sa.Column('left_out', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('file', sa.String(length=80), nullable=True),
    sa.Column('asked_by', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('printed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(run_id is null) <> (unit_id is null)', name=op.f('ck_print_file_of')),
    sa.CheckConstraint("state in ('queued','ready','gone')", name=op.f('ck_print_file_state')),
    sa.ForeignKeyConstraint(['asked_by'], ['account.id'], name=op.f('fk_print_file_asked_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_print_file_run_id_course_run')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_print_file_unit_id_unit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_print_file'))
    )
    for column in ('run_id', 'unit_id', 'asked_by', 'asked_at'):
        op.create_index(f'ix_print_file_{column}', 'print_file', [column], unique=False)
    op.create_table('certificate_print',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('print_file_id', sa.Integer(), nullable=True),
    sa.Column('printed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('printed_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certificate_print_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['version_id'], ['certificate_version.id'], name=op.f('fk_certificate_print_version_id_certificate_version')),
    sa.ForeignKeyConstraint(['print_file_id'], ['print_file.id'], name=op.f('fk_certificate_print_print_file_id_print_file')),
    sa.ForeignKeyConstraint(['printed_by'], ['account.id'], name=op.f('fk_certificate_print_printed_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_print'))
    )
    for column in ('certificate_id', 'print_file_id'):
        op.create_index(f'ix_certificate_print_{column}', 'certificate_print', [column], unique=False)
    op.create_index('uq_certificate_print_file', 'certificate_print', ['print_file_id', 'version_id'], unique=True)
    op.create_table('certificate_delivery',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=False),
    sa.Column('way', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('address_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('tracking', sa.String(length=40), nullable=False),
    sa.Column('chosen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('chosen_by', sa.Integer(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("way in ('electronic','pickup','mail')", name=op.f('ck_certificate_delivery_way')),
    sa.CheckConstraint("state in ('chosen','printed','waiting','sent','collected','delivered')", name=op.f('ck_certificate_delivery_state')),
    sa.CheckConstraint("address_sealed is null or way = 'mail'", name=op.f('ck_certificate_delivery_address')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certificate_delivery_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['chosen_by'], ['account.id'], name=op.f('fk_certificate_delivery_chosen_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_delivery')),
    sa.UniqueConstraint('certificate_id', name=op.f('uq_certificate_delivery_certificate_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_certificate_delivery_uid'))
    )
    op.create_table('delivery_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('was', sa.String(length=12), nullable=False),
    sa.Column('became', sa.String(length=12), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Integer(), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['certificate_delivery.id'], name=op.f('fk_delivery_step_delivery_id_certificate_delivery')),
    sa.ForeignKeyConstraint(['by'], ['account.id'], name=op.f('fk_delivery_step_by_account')),
    sa.ForeignKeyConstraint(['undone_by'], ['account.id'], name=op.f('fk_delivery_step_undone_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_step'))
    )
    op.create_index('ix_delivery_step_delivery_id', 'delivery_step', ['delivery_id'], unique=False)


def downgrade():
    op.drop_table('delivery_step')
    op.drop_table('certificate_delivery')
    op.drop_table('certificate_print')
    op.drop_table('print_file')
