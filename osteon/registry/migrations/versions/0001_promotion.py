"""The history of promotions: rows are added, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_promotion`, closed to UPDATE and DELETE by triggers."""
    op.create_table(
        "osteon_promotion",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("from_version", sa.String(32), nullable=True),
        sa.Column("to_version", sa.String(32), nullable=False),
        sa.Column("package", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("time_utc", sa.String(40), nullable=False),
    )
    op.create_index("osteon_promotion_by_alias", "osteon_promotion", ["project", "task", "alias", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION osteon_promotion_closed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the history of promotions is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER osteon_promotion_closed BEFORE UPDATE OR DELETE ON osteon_promotion "
            "FOR EACH ROW EXECUTE FUNCTION osteon_promotion_closed()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER osteon_promotion_no_{verb.lower()} BEFORE {verb} ON osteon_promotion "
            "BEGIN SELECT RAISE(ABORT, 'the history of promotions is append-only'); END"
        )


def downgrade() -> None:
    """Drop the table and its triggers."""
    op.drop_table("osteon_promotion")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION osteon_promotion_closed()")
