"""The journal as a hash chain: commitments, leaves of the log."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the change."""


def downgrade() -> None:
    """Take the change back."""
