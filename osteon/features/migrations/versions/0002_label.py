"""What a person answered for an event."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_label`; one answer per event, the newest."""
    op.create_table(
        "osteon_label",
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), primary_key=True),
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("label", sa.Float, nullable=False),
        sa.Column("reader", sa.String(128), nullable=False),
        sa.Column("time_utc", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("osteon_label")
