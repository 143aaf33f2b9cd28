"""Events that wait for the writer."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_outbox`; `event_id` is unique, so an answer is recorded once."""
    op.create_table(
        "osteon_outbox",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(64), nullable=False, unique=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("event_json", sa.Text, nullable=False),
        sa.Column("embedding", sa.LargeBinary, nullable=False),
        sa.Column("leased_until_s", sa.Float, nullable=False, server_default="0"),
    )
    op.create_index("osteon_outbox_by_lease", "osteon_outbox", ["leased_until_s", "seq"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("osteon_outbox")
