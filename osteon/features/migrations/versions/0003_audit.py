"""Who searched and deleted what, when: rows are added, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `osteon_audit`, closed to UPDATE and DELETE by triggers."""
    op.create_table(
        "osteon_audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("schema_version", sa.String(8), nullable=False),
        sa.Column("project", sa.String(128), nullable=False),
        sa.Column("time_utc", sa.String(40), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION osteon_audit_closed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER osteon_audit_closed BEFORE UPDATE OR DELETE ON osteon_audit "
            "FOR EACH ROW EXECUTE FUNCTION osteon_audit_closed()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER osteon_audit_no_{verb.lower()} BEFORE {verb} ON osteon_audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )


def downgrade() -> None:
    """Drop the table and its triggers."""
    op.drop_table("osteon_audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION osteon_audit_closed()")
