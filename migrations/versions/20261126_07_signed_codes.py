"""signed codes

Revision ID: 20261126_07
Revises: 20261126_06
Create Date: 2026-11-26 11:10:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_07'
down_revision = '20261126_06'
branch_labels = None
depends_on = None

ACTIVE = sa.text('retired_on is null')


def upgrade():
    op.create_table('signing_key',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('kid', sa.String(length=8), nullable=False),
    sa.Column('algorithm', sa.String(length=10), nullable=False),
    sa.Column('public_key', sa.LargeBinary(length=32), nullable=False),
    sa.Column('private_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('created_on', sa.Date(), nullable=False),
    sa.Column('retired_on', sa.Date(), nullable=True),
    sa.Column('leaked_on', sa.Date(), nullable=True),
    sa.Column('last_signed_on', sa.Date(), nullable=True),
    sa.CheckConstraint("algorithm = 'Ed25519'", name=op.f('ck_signing_key_algorithm')),
    sa.CheckConstraint('(retired_on is null) = (private_sealed is not null)', name=op.f('ck_signing_key_private')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_key')),
    sa.UniqueConstraint('kid', name=op.f('uq_signing_key_kid')),
    sa.UniqueConstraint('uid', name=op.f('uq_signing_key_uid'))
    )
    op.create_index('uq_signing_key_active', 'signing_key', ['algorithm'], unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE)
    with op.batch_alter_table('certificate_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('signed', sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column('kid', sa.String(length=8), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_certificate_version_kid_signing_key'), 'signing_key', ['kid'], ['kid'])


def downgrade():
    with op.batch_alter_table('certificate_version', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_certificate_version_kid_signing_key'), type_='foreignkey')
        batch_op.drop_column('kid')
        batch_op.drop_column('signed')
    op.drop_table('signing_key')
