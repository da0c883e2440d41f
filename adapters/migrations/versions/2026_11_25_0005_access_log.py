"""Who looked at what, and what was decoded for whom."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the change."""


def downgrade() -> None:
    """Take the change back."""
