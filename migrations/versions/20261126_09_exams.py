"""examiners and attempts

Revision ID: 20261126_09
Revises: 20261126_08
Create Date: 2026-11-26 13:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_09'
down_revision = '20261126_08'
branch_labels = None
depends_on = None

STANDS = sa.text('withdrawn_at is null')


def upgrade():
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.add_column(sa.Column('examined_by', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('examiner_name', sa.String(length=100), nullable=False, server_default=''))
        batch_op.create_foreign_key(batch_op.f('fk_exam_result_examined_by_instructor'), 'instructor', ['examined_by'], ['id'])
    # What an instructor typed, they examined; what was typed from paper stays without a name.
    op.execute(
        'update exam_result set examined_by = (select id from instructor where instructor.account_id = exam_result.entered_by) '
        'where entered_by is not null'
    )
    op.execute(
        'update exam_result set examiner_name = (select name from instructor where instructor.id = exam_result.examined_by) '
        'where examined_by is not null'
    )
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.alter_column('examiner_name', existing_type=sa.String(length=100), existing_nullable=False, server_default=None)
        batch_op.add_column(sa.Column('round', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('kind', sa.String(length=10), nullable=False, server_default='exam'))
        batch_op.add_column(sa.Column('follows_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('carried', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('reason', sa.String(length=200), nullable=False, server_default=''))
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        for name, kind in (('round', sa.Integer()), ('kind', sa.String(length=10)), ('carried', sa.JSON()),
                           ('reason', sa.String(length=200))):
            batch_op.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
        batch_op.create_foreign_key(batch_op.f('fk_exam_result_follows_id_exam_result'), 'exam_result', ['follows_id'], ['id'])
        batch_op.create_index('uq_exam_result_follows', ['follows_id'], unique=True)
        batch_op.create_check_constraint(batch_op.f('ck_exam_result_kind'), "kind in ('exam','resit','correction')")
        batch_op.create_check_constraint(batch_op.f('ck_exam_result_follows'), "(kind = 'exam') = (follows_id is null)")
        batch_op.create_check_constraint(batch_op.f('ck_exam_result_reason'), "(kind = 'correction') = (reason <> '')")
        batch_op.create_check_constraint(batch_op.f('ck_exam_result_counted'), 'attempt > 0 and round > 0')
    with op.batch_alter_table('exam_scheme', schema=None) as batch_op:
        batch_op.add_column(sa.Column('max_resits', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('resit_failed_only', sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table('exam_scheme', schema=None) as batch_op:
        batch_op.alter_column('max_resits', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch_op.alter_column('resit_failed_only', existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
        batch_op.create_check_constraint(batch_op.f('ck_exam_scheme_max_resits'), 'max_resits >= 0')
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.add_column(sa.Column('round', sa.Integer(), nullable=False, server_default='1'))
        batch_op.drop_constraint(batch_op.f('uq_submission_run_id'), type_='unique')
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.alter_column('round', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch_op.create_index('uq_submission_run_round', ['run_id', 'round'], unique=True)
    op.create_table('exam_exemption',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('item', sa.String(length=30), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('certificate_no', sa.String(length=60), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=100), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("reason <> '' and certificate_no <> ''", name=op.f('ck_exam_exemption_why')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_exam_exemption_made_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_exam_exemption_run_id_course_run')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_exam_exemption_signup_id_signup')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_exemption'))
    )
    op.create_index(op.f('ix_exam_exemption_run_id'), 'exam_exemption', ['run_id'])
    op.create_index('uq_exam_exemption_stands', 'exam_exemption', ['signup_id', 'item'], unique=True,
                    sqlite_where=STANDS, postgresql_where=STANDS)
    op.create_table('exam_policy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sample_share', sa.Double(), nullable=False),
    sa.Column('set_by', sa.Integer(), nullable=True),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('sample_share >= 0 and sample_share <= 1', name=op.f('ck_exam_policy_share')),
    sa.ForeignKeyConstraint(['set_by'], ['account.id'], name=op.f('fk_exam_policy_set_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_policy'))
    )
    op.create_table('result_review',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('submission_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('confirmed_by', sa.Integer(), nullable=True),
    sa.Column('picked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.Integer(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.CheckConstraint("state in ('waiting','fine','problem')", name=op.f('ck_result_review_state')),
    sa.CheckConstraint("(state = 'waiting') = (reviewed_at is null)", name=op.f('ck_result_review_reviewed')),
    sa.CheckConstraint("state <> 'problem' or note <> ''", name=op.f('ck_result_review_note')),
    sa.CheckConstraint(
        "reviewed_by is null or ((submitted_by is null or reviewed_by <> submitted_by)"
        " and (confirmed_by is null or reviewed_by <> confirmed_by))", name=op.f('ck_result_review_third_person')),
    sa.ForeignKeyConstraint(['confirmed_by'], ['account.id'], name=op.f('fk_result_review_confirmed_by_account')),
    sa.ForeignKeyConstraint(['reviewed_by'], ['account.id'], name=op.f('fk_result_review_reviewed_by_account')),
    sa.ForeignKeyConstraint(['run_id'], ['course_run.id'], name=op.f('fk_result_review_run_id_course_run')),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_result_review_submission_id_submission')),
    sa.ForeignKeyConstraint(['submitted_by'], ['account.id'], name=op.f('fk_result_review_submitted_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_result_review')),
    sa.UniqueConstraint('submission_id', name=op.f('uq_result_review_submission_id'))
    )
    op.create_index(op.f('ix_result_review_run_id'), 'result_review', ['run_id'])


def downgrade():
    op.drop_table('result_review')
    op.drop_table('exam_policy')
    op.drop_table('exam_exemption')
    # What older code cannot tell apart goes: later rounds and attempts, whose certificates stay.
    op.execute('update exam_result set follows_id = null, kind = \'exam\', reason = \'\'')
    op.execute('delete from exam_result where attempt > 1')
    op.execute('delete from submission where round > 1')
    with op.batch_alter_table('submission', schema=None) as batch_op:
        batch_op.drop_index('uq_submission_run_round')
        batch_op.drop_column('round')
        batch_op.create_unique_constraint(batch_op.f('uq_submission_run_id'), ['run_id'])
    with op.batch_alter_table('exam_scheme', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_exam_scheme_max_resits'), type_='check')
        batch_op.drop_column('resit_failed_only')
        batch_op.drop_column('max_resits')
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        for name in ('kind', 'follows', 'reason', 'counted'):
            batch_op.drop_constraint(batch_op.f(f'ck_exam_result_{name}'), type_='check')
        batch_op.drop_index('uq_exam_result_follows')
        batch_op.drop_constraint(batch_op.f('fk_exam_result_follows_id_exam_result'), type_='foreignkey')
        for name in ('reason', 'carried', 'follows_id', 'kind', 'round'):
            batch_op.drop_column(name)
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_exam_result_examined_by_instructor'), type_='foreignkey')
        batch_op.drop_column('examiner_name')
        batch_op.drop_column('examined_by')
