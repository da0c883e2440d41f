"""Columns wide enough for what is sealed."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the change."""


def downgrade() -> None:
    """Take the change back."""
