"""examiners

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


def downgrade():
    with op.batch_alter_table('exam_result', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_exam_result_examined_by_instructor'), type_='foreignkey')
        batch_op.drop_column('examiner_name')
        batch_op.drop_column('examined_by')
