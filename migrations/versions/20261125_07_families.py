"""families

Revision ID: 20261125_07
Revises: 20261125_01
Create Date: 2026-11-25 20:01:12.400518

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261125_07'
down_revision = '20261125_06'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('guardian_consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('relation', sa.String(length=12), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('phone_proved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('token_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('text_sha256', sa.String(length=64), nullable=False),
    sa.Column('channel', sa.String(length=10), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paper_reference', sa.String(length=60), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("relation in ('father','mother','grandparent','other')", name=op.f('ck_guardian_consent_relation')),
    sa.CheckConstraint("channel in ('page','api','desk','import')", name=op.f('ck_guardian_consent_channel')),
    sa.CheckConstraint('given_at is null or phone_proved_at is not null or paper_reference is not null', name=op.f('ck_guardian_consent_proof')),
    sa.CheckConstraint('withdrawn_at is null or given_at is not null', name=op.f('ck_guardian_consent_withdrawn')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_guardian_consent_notice_id_notice')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_guardian_consent_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardian_consent')),
    sa.UniqueConstraint('uid', name=op.f('uq_guardian_consent_uid'))
    )
    with op.batch_alter_table('guardian_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guardian_consent_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_guardian_consent_phone_index'), ['phone_index'], unique=False)
        batch_op.create_index(batch_op.f('ix_guardian_consent_token_hash'), ['token_hash'], unique=False)

    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('needs_guardian', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('guardian_consent_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_signup_guardian_consent_id'), ['guardian_consent_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_signup_guardian_consent_id_guardian_consent'), 'guardian_consent', ['guardian_consent_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_signup_guardian'), 'not needs_guardian or guardian_consent_id is not null')

    # Nobody under 14 could sign up before; new rows bring their own word.
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.alter_column('needs_guardian', existing_type=sa.Boolean(), server_default=None)


def downgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_signup_guardian'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_signup_guardian_consent_id_guardian_consent'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_signup_guardian_consent_id'))
        batch_op.drop_column('guardian_consent_id')
        batch_op.drop_column('needs_guardian')

    with op.batch_alter_table('guardian_consent', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_guardian_consent_token_hash'))
        batch_op.drop_index(batch_op.f('ix_guardian_consent_phone_index'))
        batch_op.drop_index(batch_op.f('ix_guardian_consent_person_id'))

    op.drop_table('guardian_consent')
