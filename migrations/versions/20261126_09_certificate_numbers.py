"""how certificate numbers are made

Revision ID: 20261126_09_numbers
Revises: 20261126_08
Create Date: 2026-11-26 13:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_09_numbers'
down_revision = '20261126_08'
branch_labels = None
depends_on = None

PROPOSED = sa.text("state = 'proposed'")
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


def downgrade():
    op.drop_table('series_rule')
