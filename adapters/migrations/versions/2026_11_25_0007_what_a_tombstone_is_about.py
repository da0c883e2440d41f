"""Which case a case belongs to, in what is left of it: a hold on that one reaches it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_STILL_THERE = (
    ("handoffs", "handoff_id", "inquiry_id", None),
    ("incidents", "incident_id", "case_id", None),
    ("duties", "duty_id", "about", "audit"),
)


def upgrade() -> None:
    """Apply the change; what it is about is taken from the rows that are still there."""
    op.add_column("disposed_cases", sa.Column("about", sa.Text(), nullable=True))
    tombstones = sa.table("disposed_cases", sa.column("case_id"), sa.column("about"))
    for name, key, about, kind in _STILL_THERE:
        rows = sa.table(name, sa.column(key), sa.column(about), sa.column("kind"))
        of_it = rows.c[key] == tombstones.c.case_id
        if kind is not None:
            of_it = sa.and_(of_it, rows.c.kind == kind)
        told = sa.select(rows.c[about]).where(of_it).scalar_subquery()
        known = sa.exists(sa.select(rows.c[key]).where(of_it))
        op.execute(tombstones.update().where(known).values(about=told))


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("disposed_cases") as table:
        table.drop_column("about")
