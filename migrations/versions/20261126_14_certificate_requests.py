"""changes to a certificate that two people decide, papers printed once more, phones changed at the desk

Revision ID: 20261126_14
Revises: 20261126_13
Create Date: 2026-11-26 14:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_14'
down_revision = '20261126_13'
branch_labels = None
depends_on = None

OPEN = sa.text("state in ('asked','proposed')")
UNDER_WAY = sa.text("state in ('sent','proved')")


def upgrade():
    op.create_table('certificate_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('channel', sa.String(length=10), nullable=False),
    sa.Column('old_name', sa.String(length=100), nullable=False),
    sa.Column('new_name', sa.String(length=100), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('seen_document', sa.String(length=30), nullable=True),
    sa.Column('seen_by', sa.String(length=60), nullable=False),
    sa.Column('seen_on', sa.Date(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proposed_by', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decision', sa.String(length=200), nullable=False),
    sa.Column('made_version', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind in ('name','leaked','revoke','void','void_again')", name=op.f('ck_certificate_request_kind')),
    sa.CheckConstraint("state in ('asked','proposed','approved','refused')", name=op.f('ck_certificate_request_state')),
    sa.CheckConstraint("channel in ('holder','desk')", name=op.f('ck_certificate_request_channel')),
    sa.CheckConstraint('decided_by is null or proposed_by is null or decided_by <> proposed_by', name=op.f('ck_certificate_request_two_people')),
    sa.CheckConstraint("state <> 'approved' or (proposed_by is not null and decided_by is not null)", name=op.f('ck_certificate_request_approved_by_two')),
    sa.CheckConstraint("(state in ('approved','refused')) = (decided_at is not null)", name=op.f('ck_certificate_request_decided')),
    sa.CheckConstraint("(kind = 'name') = (new_name is not null)", name=op.f('ck_certificate_request_new_name')),
    sa.CheckConstraint("kind <> 'name' or state in ('asked','refused') or (seen_document is not null and seen_on is not null and seen_by <> '')", name=op.f('ck_certificate_request_document_seen')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certificate_request_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['proposed_by'], ['account.id'], name=op.f('fk_certificate_request_proposed_by_account')),
    sa.ForeignKeyConstraint(['decided_by'], ['account.id'], name=op.f('fk_certificate_request_decided_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_request'))
    )
    op.create_index('ix_certificate_request_certificate_id', 'certificate_request', ['certificate_id'], unique=False)
    op.create_index('uq_certificate_request_open', 'certificate_request', ['certificate_id', 'kind'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table('certificate_reprint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('certificate_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('cause', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("cause in ('lost','damaged')", name=op.f('ck_certificate_reprint_cause')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certificate_reprint_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_certificate_reprint_made_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_reprint'))
    )
    op.create_index('ix_certificate_reprint_certificate_id', 'certificate_reprint', ['certificate_id'], unique=False)
    op.create_table('phone_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('challenge', sa.String(length=26), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('minor', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('seen_document', sa.String(length=30), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=False),
    sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decision', sa.String(length=200), nullable=False),
    sa.CheckConstraint("state in ('sent','proved','done','refused','dropped')", name=op.f('ck_phone_change_state')),
    sa.CheckConstraint("state not in ('proved','done') or proved_at is not null", name=op.f('ck_phone_change_proved')),
    sa.CheckConstraint('decided_by is null or decided_by <> made_by', name=op.f('ck_phone_change_two_people')),
    sa.CheckConstraint("not minor or state <> 'done' or decided_by is not null", name=op.f('ck_phone_change_minors_by_two')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_phone_change_person_id_person')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_phone_change_made_by_account')),
    sa.ForeignKeyConstraint(['decided_by'], ['account.id'], name=op.f('fk_phone_change_decided_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_phone_change')),
    sa.UniqueConstraint('uid', name=op.f('uq_phone_change_uid'))
    )
    op.create_index('ix_phone_change_person_id', 'phone_change', ['person_id'], unique=False)
    op.create_index('uq_phone_change_open', 'phone_change', ['person_id'], unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)


def downgrade():
    op.drop_table('phone_change')
    op.drop_table('certificate_reprint')
    op.drop_table('certificate_request')
