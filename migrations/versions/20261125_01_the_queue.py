"""the queue

Revision ID: 20261125_01
Revises: 20261123_01
Create Date: 2026-11-25 19:39:38.964511

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261125_01'
down_revision = '20261123_01'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('party',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_party_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party'))
    )
    with op.batch_alter_table('party', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_party_run_id'), ['run_id'], unique=False)

    op.create_table('run_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('was_starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('was_ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind in ('cancelled','rescheduled','merged')", name=op.f('ck_run_change_kind')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_run_change_run_id_course_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_change'))
    )
    with op.batch_alter_table('run_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_run_change_run_id'), ['run_id'], unique=False)

    op.create_table('change_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('answer', sa.String(length=10), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("answer in ('agree','move','withdraw') or answer is null", name=op.f('ck_change_answer_answer')),
    sa.ForeignKeyConstraint(['change_id'], ['run_change.id'], name=op.f('fk_change_answer_change_id_run_change')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_change_answer_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change_answer'))
    )
    with op.batch_alter_table('change_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_answer_signup_id'), ['signup_id'], unique=False)
        batch_op.create_index('uq_change_answer_change_signup', ['change_id', 'signup_id'], unique=True)

    with op.batch_alter_table('course_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('cancel_reason', sa.String(length=200), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('merged_into_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_course_run_merged_into_id_course_run'), 'course_run', ['merged_into_id'], ['id'])

    # The rows that are there take the empty reason; new ones bring their own.
    with op.batch_alter_table('course_run', schema=None) as batch_op:
        batch_op.alter_column('cancel_reason', existing_type=sa.String(length=200), server_default=None)

    with op.batch_alter_table('seat_pool', schema=None) as batch_op:
        batch_op.add_column(sa.Column('release_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('released_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f('ck_seat_pool_waiting'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_seat_pool_waiting'), 'waiting >= 0 and (unit_id is null or waiting = 0)')

    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('promoted_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('offer_ends_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('moves_from_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('party_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_signup_moves_from_id'), ['moves_from_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_signup_party_id'), ['party_id'], unique=False)
        batch_op.create_index('ix_signup_unsettled', ['state', 'offer_ends_at'], unique=False, sqlite_where=sa.text("state in ('pending','offered')"), postgresql_where=sa.text("state in ('pending','offered')"))
        batch_op.create_foreign_key(batch_op.f('fk_signup_moves_from_id_signup'), 'signup', ['moves_from_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_signup_party_id_party'), 'party', ['party_id'], ['id'])



def downgrade():
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_signup_party_id_party'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_signup_moves_from_id_signup'), type_='foreignkey')
        batch_op.drop_index('ix_signup_unsettled', sqlite_where=sa.text("state in ('pending','offered')"), postgresql_where=sa.text("state in ('pending','offered')"))
        batch_op.drop_index(batch_op.f('ix_signup_party_id'))
        batch_op.drop_index(batch_op.f('ix_signup_moves_from_id'))
        batch_op.drop_column('party_id')
        batch_op.drop_column('moves_from_id')
        batch_op.drop_column('offer_ends_at')
        batch_op.drop_column('promoted_at')

    with op.batch_alter_table('seat_pool', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_seat_pool_waiting'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_seat_pool_waiting'), 'waiting >= 0')
        batch_op.drop_column('released_at')
        batch_op.drop_column('release_at')

    with op.batch_alter_table('course_run', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_course_run_merged_into_id_course_run'), type_='foreignkey')
        batch_op.drop_column('merged_into_id')
        batch_op.drop_column('cancel_reason')

    with op.batch_alter_table('change_answer', schema=None) as batch_op:
        batch_op.drop_index('uq_change_answer_change_signup')
        batch_op.drop_index(batch_op.f('ix_change_answer_signup_id'))

    op.drop_table('change_answer')
    with op.batch_alter_table('run_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_run_change_run_id'))

    op.drop_table('run_change')
    with op.batch_alter_table('party', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_party_run_id'))

    op.drop_table('party')
