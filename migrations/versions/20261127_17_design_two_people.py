"""designs are published by somebody else than their author; print files for pre-printed stock; one report at a time

Revision ID: 20261127_17
Revises: 20261126_16
Create Date: 2026-11-27 09:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261127_17'
down_revision = '20261126_16'
branch_labels = None
depends_on = None

WAITS = sa.text("verdict = 'sent'")


def upgrade():
    with op.batch_alter_table('print_file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('across', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('down', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('print_file', schema=None) as batch_op:
        batch_op.alter_column('across', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch_op.alter_column('down', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    with op.batch_alter_table('certificate_template', schema=None) as batch_op:
        batch_op.add_column(sa.Column('published_alone', sa.Boolean(), nullable=False, server_default=sa.false()))
    # What its author published while that was allowed stays in force, and says so.
    op.execute('update certificate_template set published_alone = true where published_by = created_by')
    with op.batch_alter_table('certificate_template', schema=None) as batch_op:
        batch_op.alter_column('published_alone', existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
        batch_op.create_check_constraint(
            batch_op.f('ck_certificate_template_two_people'), 'published_alone or published_by is null or published_by <> created_by'
        )
    # Two files made at the same moment held the same certificates; the later one answers for them.
    op.execute(
        "update handover_row set verdict = 'differs', note = '同一张证书也在后面的一批里，以那一批为准' where verdict = 'sent' and exists ("
        "select 1 from handover_row later where later.certificate_id = handover_row.certificate_id "
        "and later.version = handover_row.version and later.reported = handover_row.reported "
        "and later.verdict = 'sent' and later.id > handover_row.id)"
    )
    op.create_index(
        'uq_handover_row_waits', 'handover_row', ['certificate_id', 'version', 'reported'], unique=True,
        sqlite_where=WAITS, postgresql_where=WAITS,
    )


def downgrade():
    op.drop_index('uq_handover_row_waits', table_name='handover_row')
    with op.batch_alter_table('certificate_template', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_certificate_template_two_people'), type_='check')
        batch_op.drop_column('published_alone')
    with op.batch_alter_table('print_file', schema=None) as batch_op:
        batch_op.drop_column('down')
        batch_op.drop_column('across')
