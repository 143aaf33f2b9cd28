"""The crosswalk and the review queue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `deid_crosswalk` and `deid_case`; every identifier in them is sealed or keyed."""
    op.create_table(
        "deid_crosswalk",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key_version", sa.Integer, nullable=False),
        sa.Column("lookup", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("project", "lookup", name="deid_crosswalk_once"),
    )
    op.create_table(
        "deid_case",
        sa.Column("case_id", sa.String(24), primary_key=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(32), nullable=False),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("study_mark", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("need", sa.String(300), nullable=False),
        sa.Column("got", sa.String(300), nullable=False),
        sa.Column("next_step", sa.String(300), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_utc", sa.String(32), nullable=False),
        sa.Column("decided_utc", sa.String(32), nullable=False, server_default=""),
        sa.Column("person", sa.String(80), nullable=False, server_default=""),
        sa.Column("decision_reason", sa.String(300), nullable=False, server_default=""),
        sa.Column("waiver", sa.String(80), nullable=False, server_default=""),
    )
    op.create_index("deid_case_by_state", "deid_case", ["project", "state"])
    op.create_index("deid_case_by_study", "deid_case", ["project", "study_mark"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("deid_case")
    op.drop_table("deid_crosswalk")
