"""How the policy file writes a length of time: `45m`, `12h`, `1d 12h`."""

import re
from datetime import timedelta

_WRITTEN = re.compile(
    r"(?=\d)(?:(?P<days>\d{1,5})d)? ?(?:(?P<hours>\d{1,5})h)? ?"
    r"(?:(?P<minutes>\d{1,5})m)? ?(?:(?P<seconds>\d{1,5})s)?(?<=[dhms])",
    re.ASCII,
)
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def parse_duration(text: str) -> timedelta:
    """Return a written length of time.

    Raises:
        ValueError: It is not written in days, hours, minutes and seconds, in this order.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a duration; write e.g. "45m", "12h", "1d 12h"')
    return timedelta(**{unit: int(count) for unit, count in match.groupdict(default="0").items()})


def format_duration(duration: timedelta) -> str:
    """Return a length of time as the policy file writes it; parts of a second are left out."""
    left = int(duration.total_seconds())
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
