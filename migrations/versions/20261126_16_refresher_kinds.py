"""refresher kinds: which kind's certificates a course renews, and until when after their end

Revision ID: 20261126_16
Revises: 20261126_15
Create Date: 2026-11-26 15:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_16'
down_revision = '20261126_15'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('course_type', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refresh_of_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_course_type_refresh_of_id_course_type'), 'course_type', ['refresh_of_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_course_type_refresh_of'), "refresh_of_id is null or (refresh_of_id <> id and family = 'certified')")
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.add_column(sa.Column('renew_within_months', sa.Integer(), nullable=False, server_default='6'))
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.alter_column('renew_within_months', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch_op.create_check_constraint(batch_op.f('ck_syllabus_renew_within'), 'renew_within_months >= 0')
    # What was imported before is held from here on, as what is imported after is.
    op.execute(
        "insert into attainment (person_id, kind, valid_to, source) "
        "select e.person_id, t.code, e.valid_until, 'earlier:' || cast(e.id as varchar) "
        "from earlier_certificate e join course_type t on t.id = e.course_type_id join person p on p.id = e.person_id "
        "where e.state = 'issued' and (p.name is null or p.name = e.name)"
    )


def downgrade():
    op.execute("delete from attainment where source like 'earlier:%'")
    with op.batch_alter_table('syllabus', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_syllabus_renew_within'), type_='check')
        batch_op.drop_column('renew_within_months')
    with op.batch_alter_table('course_type', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_course_type_refresh_of'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_course_type_refresh_of_id_course_type'), type_='foreignkey')
        batch_op.drop_column('refresh_of_id')
