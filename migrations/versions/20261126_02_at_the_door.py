"""at the door

Revision ID: 20261126_02
Revises: 20261126_01
Create Date: 2026-11-26 08:10:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_02'
down_revision = '20261126_01'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('paper_sheet',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('signup_ids', sa.JSON(), nullable=False),
    sa.Column('printed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_paper_sheet_account_id_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_paper_sheet_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_sheet'))
    )
    op.create_index('uq_paper_sheet_run_number', 'paper_sheet', ['run_id', 'number'], unique=True)
    with op.batch_alter_table('seat_pool', schema=None) as batch_op:
        batch_op.add_column(sa.Column('extra', sa.Integer(), nullable=False, server_default='0'))
        batch_op.create_check_constraint(batch_op.f('ck_seat_pool_extra'), 'extra >= 0 and (unit_id is null or extra = 0)')
    with op.batch_alter_table('seat_pool', schema=None) as batch_op:
        batch_op.alter_column('extra', existing_type=sa.Integer(), server_default=None)
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('over_capacity', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.alter_column('over_capacity', existing_type=sa.Boolean(), server_default=None)


def downgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_column('over_capacity')
    with op.batch_alter_table('seat_pool', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_seat_pool_extra'), type_='check')
        batch_op.drop_column('extra')
    op.drop_table('paper_sheet')
