"""How the tests of the calendar write down calendars and moments."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sop.calendar import WEEKDAYS, Calendar

WORKDAYS = WEEKDAYS[:5]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def calendar(*windows: str, days: tuple[str, ...] = WEEKDAYS, **fields: object) -> Calendar:
    """Return a calendar with the same windows on each of some days."""
    return Calendar.model_validate({"weekly": dict.fromkeys(days, windows), **fields})


def at(wall: str, zone: str = "UTC", fold: int = 0) -> datetime:
    """Return the moment at which the clocks of a zone show a wall time."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold)


OFFICE = calendar("09:00-12:30", "13:30-18:00", days=WORKDAYS, time_zone="Europe/Berlin")
