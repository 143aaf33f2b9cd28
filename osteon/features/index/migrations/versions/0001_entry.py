"""Entries of an index with their embeddings, and the one space that they are of."""

import sqlalchemy as sa
from alembic import op

from osteon.features.index.column import VectorColumn

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_index` (one row: the space), `osteon_index_entry`, and digests of deleted patients."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "osteon_index",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("space", sa.String(64), nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("deletions", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "osteon_index_entry",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("body_part", sa.String(64), nullable=False),
        sa.Column("view", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10)),
        sa.Column("subject", sa.String(128)),
        sa.Column("study", sa.String(128)),
        sa.Column("input_hmac", sa.String(64)),
        sa.Column("text", sa.Text),
        sa.Column("vector", VectorColumn(), nullable=False),
        sa.UniqueConstraint("kind", "project", "key", name="osteon_index_entry_once"),
        sqlite_autoincrement=True,  # a number is never given twice, so that no file can mean another entry
    )
    op.create_index("osteon_index_entry_by_subject", "osteon_index_entry", ["subject"])
    op.create_index("osteon_index_entry_by_input", "osteon_index_entry", ["input_hmac"])
    op.create_table("osteon_index_gone", sa.Column("digest", sa.String(64), primary_key=True))


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("osteon_index_gone")
    op.drop_table("osteon_index_entry")
    op.drop_table("osteon_index")
