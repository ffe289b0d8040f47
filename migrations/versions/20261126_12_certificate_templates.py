"""designs of certificates, emblems, printers, photos of holders

Revision ID: 20261126_12
Revises: 20261126_11
Create Date: 2026-11-26 12:20:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '20261126_12'
down_revision = '20261126_11'
branch_labels = None
depends_on = None

IN_FORCE = sa.text("state = 'published'")


def upgrade():
    op.create_table('certificate_emblem',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('file', sa.String(length=80), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uploaded_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['uploaded_by'], ['account.id'], name=op.f('fk_certificate_emblem_uploaded_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_emblem')),
    sa.UniqueConstraint('file', name=op.f('uq_certificate_emblem_file'))
    )
    op.create_table('certificate_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('scope', sa.String(length=30), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('base', sa.String(length=20), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('issuer', sa.String(length=60), nullable=False),
    sa.Column('statement', sa.String(length=200), nullable=False),
    sa.Column('places', sa.JSON(), nullable=False),
    sa.Column('preprinted', sa.JSON(), nullable=False),
    sa.Column('document_tail', sa.Boolean(), nullable=False),
    sa.Column('emblem_id', sa.Integer(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("state in ('draft','published','retired')", name=op.f('ck_certificate_template_state')),
    sa.ForeignKeyConstraint(['emblem_id'], ['certificate_emblem.id'], name=op.f('fk_certificate_template_emblem_id_certificate_emblem')),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_certificate_template_created_by_account')),
    sa.ForeignKeyConstraint(['published_by'], ['account.id'], name=op.f('fk_certificate_template_published_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_template')),
    sa.UniqueConstraint('name', name=op.f('uq_certificate_template_name'))
    )
    op.create_index('uq_certificate_template_in_force', 'certificate_template', ['scope'], unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)
    op.create_table('certificate_printer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('across', sa.Integer(), nullable=False),
    sa.Column('down', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by'], ['account.id'], name=op.f('fk_certificate_printer_changed_by_account')),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('fk_certificate_printer_unit_id_unit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_printer'))
    )
    op.create_index('uq_certificate_printer', 'certificate_printer', ['unit_id', 'name'], unique=True)
    op.create_table('holder_photo',
    sa.Column('signup_id', sa.Integer(), nullable=False),
    sa.Column('file', sa.String(length=80), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_holder_photo_account_id_account')),
    sa.ForeignKeyConstraint(['signup_id'], ['signup.id'], name=op.f('fk_holder_photo_signup_id_signup')),
    sa.PrimaryKeyConstraint('signup_id', name=op.f('pk_holder_photo'))
    )
    op.create_index('ix_holder_photo_file', 'holder_photo', ['file'], unique=False)


def downgrade():
    op.drop_table('holder_photo')
    op.drop_table('certificate_printer')
    op.drop_table('certificate_template')
    op.drop_table('certificate_emblem')
