"""earlier certificates, and years declared complete

Revision ID: 20261126_08
Revises: 20261126_07
Create Date: 2026-11-26 11:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_08'
down_revision = '20261126_07'
branch_labels = None
depends_on = None

STANDS = sa.text('revoked_at is null')


def upgrade():
    op.create_table('earlier_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('completed', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.Integer(), nullable=True),
    sa.Column('withdraw_reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_earlier_batch_made_by_account')),
    sa.ForeignKeyConstraint(['withdrawn_by'], ['account.id'], name=op.f('fk_earlier_batch_withdrawn_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_earlier_batch'))
    )
    op.create_table('earlier_certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('course_type_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('owner_unit_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('revoked_on', sa.Date(), nullable=True),
    sa.Column('revoke_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint("state in ('issued','revoked','superseded')", name=op.f('ck_earlier_certificate_state')),
    sa.CheckConstraint('valid_until is null or valid_until >= issued_on', name=op.f('ck_earlier_certificate_dates')),
    sa.ForeignKeyConstraint(['batch_id'], ['earlier_batch.id'], name=op.f('fk_earlier_certificate_batch_id_earlier_batch')),
    sa.ForeignKeyConstraint(['course_type_id'], ['course_type.id'], name=op.f('fk_earlier_certificate_course_type_id_course_type')),
    sa.ForeignKeyConstraint(['owner_unit_id'], ['unit.id'], name=op.f('fk_earlier_certificate_owner_unit_id_unit')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_earlier_certificate_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_earlier_certificate')),
    sa.UniqueConstraint('number', name=op.f('uq_earlier_certificate_number'))
    )
    for column in ('name', 'person_id', 'issued_on', 'owner_unit_id', 'batch_id'):
        op.create_index(f'ix_earlier_certificate_{column}', 'earlier_certificate', [column], unique=False)
    op.create_table('year_declaration',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('declared_by', sa.Integer(), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.Integer(), nullable=True),
    sa.Column('revoke_reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['declared_by'], ['account.id'], name=op.f('fk_year_declaration_declared_by_account')),
    sa.ForeignKeyConstraint(['revoked_by'], ['account.id'], name=op.f('fk_year_declaration_revoked_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_year_declaration'))
    )
    op.create_index('uq_year_declaration_stands', 'year_declaration', ['year'], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)
    # A year whose every series was marked complete keeps its word; who said so was never recorded.
    op.execute(
        "insert into year_declaration (year, declared_at, revoke_reason) "
        "select year, current_timestamp, '' from number_series where mode <> 'test' "
        "group by year having min(case when complete then 1 else 0 end) = 1"
    )
    with op.batch_alter_table('number_series', schema=None) as batch_op:
        batch_op.drop_column('complete')


def downgrade():
    with op.batch_alter_table('number_series', schema=None) as batch_op:
        batch_op.add_column(sa.Column('complete', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "update number_series set complete = true "
        "where year in (select year from year_declaration where revoked_at is null)"
    )
    with op.batch_alter_table('number_series', schema=None) as batch_op:
        batch_op.alter_column('complete', existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
    op.drop_table('year_declaration')
    op.drop_table('earlier_certificate')
    op.drop_table('earlier_batch')
