"""an earlier certificate is revoked by two people

Revision ID: 20261126_15
Revises: 20261126_14
Create Date: 2026-11-26 15:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_15'
down_revision = '20261126_14'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('earlier_certificate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('proposed_by', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('proposed_reason', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('revoked_by', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_earlier_certificate_proposed_by_account'), 'account', ['proposed_by'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_earlier_certificate_revoked_by_account'), 'account', ['revoked_by'], ['id'])
        batch_op.create_check_constraint(
            batch_op.f('ck_earlier_certificate_two_people'), 'revoked_by is null or (proposed_by is not null and revoked_by <> proposed_by)'
        )


def downgrade():
    with op.batch_alter_table('earlier_certificate', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_earlier_certificate_two_people'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_earlier_certificate_revoked_by_account'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_earlier_certificate_proposed_by_account'), type_='foreignkey')
        batch_op.drop_column('revoked_by')
        batch_op.drop_column('proposed_reason')
        batch_op.drop_column('proposed_at')
        batch_op.drop_column('proposed_by')
