"""The business calendar and the arithmetic of deadlines.

Working time is elapsed time, measured in UTC, inside the opening windows of a calendar. Windows
are written in local wall time and resolved by one rule: a window opens, and closes, the first time
that the local clock shows the written time or a later one. So where clocks are put forward, a time
that does not exist stands for the moment of the change (01:00-04:00 has two hours that night);
where they are put back, a time that exists twice stands for the first of the two (01:00-04:00 has
four). The rule keeps order, hence no window has a negative length.

The only outside data are the rules of the time zones. A replayed workflow computes its deadlines
anew, so all workers need the same release of them.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from operator import not_
from typing import Literal, Self, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, field_validator, model_serializer, model_validator

from sop.models import Payload

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

SEARCH_LIMIT = timedelta(days=3653)
"""How far `add_working` looks ahead: ten years, beyond the deadline of any case."""

_Span: TypeAlias = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_FOREVER = datetime.max.replace(tzinfo=UTC)
_MIDNIGHT = time(0)
_YEARS = range(1900, 9900)
_WINDOW = re.compile(r"(?P<start>([01]\d|2[0-3]):[0-5]\d)-(?P<end>([01]\d|2[0-3]):[0-5]\d|24:00)")


class NoWorkingTimeError(ValueError):
    """A calendar has no working time, or not as much as is asked for in any useful time."""


class Window(Payload):
    """One opening of a day in local wall time, written `09:00-12:30`; `00:00-24:00` is the day.

    An end at or before the start lies on the next day (`22:00-06:00`); the whole window belongs
    to the day on which it begins. `end` 00:00 is the midnight that ends the day.
    """

    start: time
    end: time

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _WINDOW.fullmatch(value)
        if match is None or value == "00:00-00:00":
            raise ValueError(
                f"{value!r} is no opening window: write HH:MM-HH:MM, such as 09:00-12:30, "
                "22:00-06:00 for a night, or 00:00-24:00 for a whole day"
            )
        start, end = match["start"], match["end"].replace("24:00", "00:00")
        return {"start": time.fromisoformat(start), "end": time.fromisoformat(end)}

    @field_validator("start", "end")
    @classmethod
    def _to_the_minute(cls, value: time) -> time:
        if value.second or value.microsecond or value.tzinfo:
            raise ValueError("a window is written in local wall time, to the minute")
        return value

    @model_serializer
    def _to_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        end = "24:00" if self.end == _MIDNIGHT else f"{self.end:%H:%M}"
        return f"{self.start:%H:%M}-{end}"

    def on(self, day: date) -> _Span:
        """Return the wall times, without a zone, between which the window of this day is open."""
        start, end = datetime.combine(day, self.start), datetime.combine(day, self.end)
        return start, end if end > start else end + _DAY


class Pause(Payload):
    """A time in which a clock stands still; it lasts until further notice while `end` is None."""

    start: AwareDatetime
    end: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("a pause cannot end before it starts")
        return self


class Calendar(Payload):
    """When a clock runs: around the clock by default, or in the windows of a week.

    Attributes:
        time_zone: IANA name of the zone in which windows and holidays are meant.
        weekly: Windows per day; days without any are closed. Empty means around the clock.
        holidays: Local dates on which no window begins.
        holidays_until: Last date for which holidays were looked up; None where none are kept.
    """

    name: str = "always"
    time_zone: str = "UTC"
    weekly: dict[Weekday, tuple[Window, ...]] = Field(default={}, exclude_if=not_)
    holidays: tuple[date, ...] = Field(default=(), exclude_if=not_)
    holidays_until: date | None = Field(default=None, exclude_if=not_)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            _zone(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{value!r} is no time zone: write an IANA name, such as Europe/Berlin"
            ) from None
        return value

    @field_validator("weekly")
    @classmethod
    def _in_order(
        cls, value: dict[Weekday, tuple[Window, ...]]
    ) -> dict[Weekday, tuple[Window, ...]]:
        week = {
            day: tuple(sorted(value[day], key=lambda window: window.start))
            for day in WEEKDAYS
            if value.get(day)
        }
        if value and not week:
            raise NoWorkingTimeError("the week has no opening window: give at least one day one")
        return week

    @field_validator("holidays")
    @classmethod
    def _once_each(cls, value: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _holidays_close_windows(self) -> Self:
        if self.holidays and not self.weekly:
            raise ValueError(
                "a calendar without windows runs around the clock, on holidays too: give each "
                "day the window 00:00-24:00 if holidays are to count"
            )
        return self

    def knows_holidays(self, moment: datetime) -> bool:
        """Tell whether holidays were looked up as far as a moment; a deadline beyond may be early.

        Raises:
            ValueError: The moment has no time zone.
        """
        if self.holidays_until is None:
            return True
        return _utc(moment).astimezone(_zone(self.time_zone)).date() <= self.holidays_until


def add_working(
    calendar: Calendar, start: datetime, amount: timedelta, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Return the first moment, in UTC, at which an amount of working time has passed.

    What is due at once is due at once at night and in a pause too: amount 0 returns `start`.

    Args:
        calendar: When the clock runs.
        start: From when it runs.
        amount: Working time, in elapsed seconds.
        pauses: Times that do not count; they may overlap, in any order.

    Returns:
        The moment, or None while a pause without an end keeps it from being known.

    Raises:
        ValueError: A moment has no time zone or a far-off year, or the amount is negative.
        NoWorkingTimeError: The amount is not reached within `SEARCH_LIMIT`.
    """
    start, held = _utc(start), _held_from(pauses)
    if amount < timedelta(0):
        raise ValueError("working time cannot be negative")
    if not amount:
        return start
    left = amount
    for opens, closes in _working_spans(calendar, start, min(start + SEARCH_LIMIT, held), pauses):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    if held <= start + SEARCH_LIMIT:
        return None
    raise NoWorkingTimeError(
        f"calendar {calendar.name!r} has less than {amount} of working time in the "
        f"{SEARCH_LIMIT.days} days after {start:%Y-%m-%d}: check its windows and holidays"
    )


def working_between(
    calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()
) -> timedelta:
    """Return the working time between two moments, outside pauses; zero if the end is earlier.

    Raises:
        ValueError: A moment has no time zone or a far-off year.
    """
    limit = min(_utc(end), _held_from(pauses))
    spans = _working_spans(calendar, _utc(start), limit, pauses)
    return sum((closes - opens for opens, closes in spans), timedelta(0))


def _working_spans(
    calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause]
) -> Iterator[_Span]:
    """Yield the spans that count between two moments: disjoint, not empty, in order."""
    stops = sorted((_utc(p.start), _utc(p.end)) for p in pauses if p.end is not None)
    for opens, closes in _open_spans(calendar, start, end):
        cursor = opens
        for paused, resumed in stops:
            if paused >= closes:
                break
            if paused > cursor:
                yield cursor, paused
            cursor = max(cursor, resumed)
        if cursor < closes:
            yield cursor, closes


def _open_spans(calendar: Calendar, start: datetime, end: datetime) -> Iterator[_Span]:
    """Yield the spans between two moments in which the calendar is open, pauses not regarded."""
    if not calendar.weekly:
        if start < end:
            yield start, end
        return
    zone, counted = _zone(calendar.time_zone), start
    # The night before reaches into the first day; a clock put back may have shown the day after.
    first, last = (moment.astimezone(zone).date() for moment in (start, end))
    for opens, closes in _windows(calendar, first - _DAY, last + _DAY):
        # Windows come in the order of their start, so what overlaps was counted already.
        opening = max(_first_moment(opens, zone), counted)
        closing = min(_first_moment(closes, zone), end)
        if opening < closing:
            yield opening, closing
            counted = closing


def _windows(calendar: Calendar, first: date, last: date) -> Iterator[_Span]:
    """Yield the wall times of the windows that begin on these days, in the order of their start."""
    holidays = frozenset(calendar.holidays)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day not in holidays:
            for window in calendar.weekly.get(WEEKDAYS[day.weekday()], ()):
                yield window.on(day)


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment, in UTC, at which a zone's clocks show this time or a later one."""
    local = wall.replace(tzinfo=zone)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    if before is None or after is None or before >= after:
        return local.astimezone(UTC)
    # The clocks were put forward over this time: search the change between its two readings.
    earliest = (wall - after).replace(tzinfo=UTC)

    def shown(seconds: int) -> datetime:
        return (earliest + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)

    gap = range(round((after - before).total_seconds()))
    return earliest + timedelta(seconds=bisect_left(gap, wall, key=shown))


def _held_from(pauses: Sequence[Pause]) -> datetime:
    """Return the start of the first pause without an end."""
    return min((_utc(pause.start) for pause in pauses if pause.end is None), default=_FOREVER)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone, such as 2026-03-28T22:00+01:00")
    if moment.year not in _YEARS:
        raise ValueError(f"a moment lies between the years {_YEARS.start} and {_YEARS.stop}")
    return moment.astimezone(UTC)


@cache
def _zone(name: str) -> ZoneInfo:
    # ZoneInfo itself keeps only the last few zones; a workflow should not read files again.
    return ZoneInfo(name)
