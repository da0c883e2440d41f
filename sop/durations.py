"""How the policy file writes a length of time: `45m`, `12h`, `1d 12h`."""

import re
from datetime import timedelta

_WRITTEN = re.compile(
    r"(?=\d)(?:(?P<days>\d{1,5})d)? ?(?:(?P<hours>\d{1,5})h)? ?"
    r"(?:(?P<minutes>\d{1,5})m)? ?(?:(?P<seconds>\d{1,5})s)?(?<=[dhms])",
    re.ASCII,
)
_DAY = 86_400
_UNITS = (("d", _DAY), ("h", 3_600), ("m", 60), ("s", 1))


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
    """Return a length of time as the policy file writes it, `24h` and `36h` rather than days.

    Parts of a second are left out.
    """
    left, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS:
        if size == _DAY and left < 2 * _DAY:
            continue
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def format_milliseconds(milliseconds: int) -> str:
    """Return a lateness as the journal keeps it, in the words of `format_duration`."""
    return format_duration(timedelta(milliseconds=milliseconds))
