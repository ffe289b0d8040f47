"""series of runs, and the links of posters that stand for many runs

Revision ID: 20261125_05
Revises: 20261125_01
Create Date: 2026-11-25 19:45:00

"""
from alembic import op
import sqlalchemy as sa


revision = '20261125_05'
down_revision = '20261125_04'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('course_series',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_course_series_unit_id_unit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_series')),
    sa.UniqueConstraint('uid', name=op.f('uq_course_series_uid'))
    )
    op.create_index(op.f('ix_course_series_unit_id'), 'course_series', ['unit_id'])
    op.create_table('series_run',
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_series_run_run_id_course_run')),
    sa.ForeignKeyConstraint(['series_id'], ['course_series.id'], name=op.f('fk_series_run_series_id_course_series')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_series_run'))
    )
    op.create_index(op.f('ix_series_run_series_id'), 'series_run', ['series_id'])
    op.create_table('poster_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('token_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=True),
    sa.Column('venue_id', sa.Integer(), nullable=True),
    sa.Column('unit_id', sa.Integer(), nullable=True),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind in ('series','venue','unit')", name=op.f('ck_poster_link_kind')),
    sa.CheckConstraint(
        "(kind = 'series') = (series_id is not null) and (kind = 'venue') = (venue_id is not null)"
        " and (kind = 'unit') = (unit_id is not null)",
        name=op.f('ck_poster_link_target'),
    ),
    sa.ForeignKeyConstraint(['series_id'], ['course_series.id'], name=op.f('fk_poster_link_series_id_course_series')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_poster_link_unit_id_unit')),
    sa.ForeignKeyConstraint(['venue_id'], ['venue.id'], name=op.f('fk_poster_link_venue_id_venue')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_poster_link')),
    sa.UniqueConstraint('uid', name=op.f('uq_poster_link_uid')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_poster_link_token_hash')),
    sa.UniqueConstraint('series_id', name=op.f('uq_poster_link_series_id')),
    sa.UniqueConstraint('venue_id', name=op.f('uq_poster_link_venue_id')),
    sa.UniqueConstraint('unit_id', name=op.f('uq_poster_link_unit_id'))
    )


def downgrade():
    op.drop_table('poster_link')
    op.drop_index(op.f('ix_series_run_series_id'), table_name='series_run')
    op.drop_table('series_run')
    op.drop_index(op.f('ix_course_series_unit_id'), table_name='course_series')
    op.drop_table('course_series')
