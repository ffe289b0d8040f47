"""WeChat bindings and its token, the ledger of subscribe messages, calls by staff, pauses of a channel

Revision ID: 20261125_02
Revises: 20261125_01
"""

import sqlalchemy as sa
from alembic import op

revision = "20261125_02"
down_revision = '20261125_01'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as batch:
        batch.add_column(sa.Column("postponed", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("due", sa.Double(), nullable=False, server_default="0"))
    with op.batch_alter_table("message") as batch:
        batch.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_message_account_id_account"), "account", ["account_id"], ["id"])
    op.create_index("ix_delivery_channel_state", "delivery", ["channel", "state"])
    _wechat()
    _outbox()


def _wechat() -> None:
    op.create_table(
        "wechat_binding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("openid_index", sa.LargeBinary(32), nullable=False),
        sa.Column("openid_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_wechat_binding_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_binding")),
        sa.UniqueConstraint("openid_index", name=op.f("uq_wechat_binding_openid_index")),
    )
    op.create_index(op.f("ix_wechat_binding_account_id"), "wechat_binding", ["account_id"])
    op.create_index(op.f("ix_wechat_binding_phone_index"), "wechat_binding", ["phone_index"])
    op.create_table(
        "wechat_token",
        sa.Column("appid", sa.String(40), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("lease_token", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("appid", name=op.f("pk_wechat_token")),
    )


def _outbox() -> None:
    op.create_table(
        "wechat_credit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("binding_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.String(64), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(10), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("why in ('accepted','sent','refused')", name=op.f("ck_wechat_credit_why")),
        sa.ForeignKeyConstraint(
            ["binding_id"], ["wechat_binding.id"], name=op.f("fk_wechat_credit_binding_id_wechat_binding")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_wechat_credit_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_credit")),
    )
    op.create_index("ix_wechat_credit_binding_template", "wechat_credit", ["binding_id", "template_id"])
    op.create_table(
        "call_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_call_attempt_account_id_account")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_call_attempt_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_attempt")),
    )
    op.create_index(op.f("ix_call_attempt_delivery_id"), "call_attempt", ["delivery_id"])
    op.create_table(
        "channel_pause",
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_pause")),
    )


def downgrade() -> None:
    for table in ("channel_pause", "call_attempt", "wechat_credit", "wechat_token", "wechat_binding"):
        op.drop_table(table)
    op.drop_index("ix_delivery_channel_state", "delivery")
    with op.batch_alter_table("message") as batch:
        batch.drop_constraint(op.f("fk_message_account_id_account"), type_="foreignkey")
        batch.drop_column("account_id")
    with op.batch_alter_table("job") as batch:
        batch.drop_column("due")
        batch.drop_column("postponed")
