"""Signatures of packages: rows are added, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_signature`, closed to UPDATE and DELETE by triggers."""
    op.create_table(
        "osteon_signature",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("value", sa.String(96), nullable=False),
        sa.Column("signer", sa.String(256), nullable=False),
        sa.Column("time_utc", sa.String(40), nullable=False),
    )
    op.create_index("osteon_signature_by_digest", "osteon_signature", ["project", "task", "digest"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION osteon_signature_closed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'signatures are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER osteon_signature_closed BEFORE UPDATE OR DELETE ON osteon_signature "
            "FOR EACH ROW EXECUTE FUNCTION osteon_signature_closed()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER osteon_signature_no_{verb.lower()} BEFORE {verb} ON osteon_signature "
            "BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END"
        )


def downgrade() -> None:
    """Drop the table and its triggers."""
    op.drop_table("osteon_signature")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION osteon_signature_closed()")
