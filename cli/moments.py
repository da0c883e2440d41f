"""Moments, as they are written on the command line."""

from datetime import UTC, datetime

from runtime.errors import OperatorError
from sop.durations import parse_duration


def moment_to_come(text: str, now: datetime) -> datetime:
    """Return a time from now, or a moment, in UTC where it names no zone.

    Raises:
        OperatorError: It is no time, or is over.
    """
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now + parse_duration(text)
        except ValueError:
            raise OperatorError(
                f'"{text}" is no time: write "90d", or a moment such as 2027-01-01 or '
                "2027-01-01T18:00+01:00."
            ) from None
    named = _zoned(named)
    if named <= now:
        raise OperatorError(f"{text} is over already: name a moment to come.")
    return named


def moment(text: str) -> datetime:
    """Return a moment, in UTC where it names no zone.

    Raises:
        OperatorError: It is none.
    """
    try:
        return _zoned(datetime.fromisoformat(text))
    except ValueError:
        raise OperatorError(
            f'"{text}" is no moment: write one such as 2027-01-01 or 2027-01-01T18:00+01:00.'
        ) from None


def _zoned(named: datetime) -> datetime:
    return named if named.tzinfo else named.replace(tzinfo=UTC)
