"""What was received, and what goes out."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `gateway_item` and `gateway_delivery`; neither holds an identifier of a patient."""
    op.create_table(
        "gateway_item",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("item_id", sa.String(32), nullable=False, unique=True),
        sa.Column("study_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("spool", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("leased_until_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("received_s", sa.Float, nullable=False),
        sa.Column("finished_s", sa.Float),
    )
    op.create_index("gateway_item_by_state", "gateway_item", ["state", "not_before_s"])
    op.create_index("gateway_item_by_study", "gateway_item", ["study_id"])
    op.create_table(
        "gateway_delivery",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("file", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("leased_until_s", sa.Float, nullable=False, server_default="0"),
        sa.UniqueConstraint("item_id", "kind", name="gateway_delivery_once"),
    )
    op.create_index("gateway_delivery_by_state", "gateway_delivery", ["state", "not_before_s"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("gateway_delivery")
    op.drop_table("gateway_item")
