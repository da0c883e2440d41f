"""What takes time and has a limit: the verdict on it."""


def judged(seconds: float, limit: float) -> tuple[bool, str]:
    """Return whether it is below the limit, and how that is told."""
    within = seconds < limit
    return within, f"{'passed' if within else 'FAILED'} (limit {limit:.0f} s)"
