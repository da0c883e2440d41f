"""Which case a case belongs to, in what is left of it: a hold on that one reaches it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_STILL_THERE = (
    ("handoffs", "handoff_id", "inquiry_id", ""),
    ("incidents", "incident_id", "case_id", ""),
    ("duties", "duty_id", "about", " AND kind = 'audit'"),
)


def upgrade() -> None:
    """Apply the change; what it is about is taken from the rows that are still there."""
    op.add_column("disposed_cases", sa.Column("about", sa.Text(), nullable=True))
    for table, key, about, which in _STILL_THERE:
        op.execute(
            f"UPDATE disposed_cases SET about = (SELECT {about} FROM {table}"  # noqa: S608
            f" WHERE {key} = disposed_cases.case_id{which})"
            f" WHERE EXISTS (SELECT 1 FROM {table} WHERE {key} = disposed_cases.case_id{which})"
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("disposed_cases") as table:
        table.drop_column("about")
