"""Which patients (pseudonyms) each version learned from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_version_subject` and the record of what was forgotten."""
    op.create_table(
        "osteon_version_subject",
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), primary_key=True),
        sa.Column("task", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(128), primary_key=True),
    )
    op.create_index("osteon_version_subject_by_subject", "osteon_version_subject", ["project", "subject"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("osteon_version_subject")
