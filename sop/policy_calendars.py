"""The calendars of a policy file: their windows, and the holidays of their country."""

from collections.abc import Callable
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import ValidationError

from sop.calendar import WEEKDAYS, Calendar, Weekday, Window
from sop.policy_reading import Reading, nearest
from sop.toml_statements import KeyPath

HolidayDates: TypeAlias = Callable[[str, str | None, range], tuple[date, ...]]
"""Returns a region's holidays: ISO 3166-1 country, ISO 3166-2 subdivision without it, years.

Raises ValueError, with a sentence for people, where it knows no such region.
"""

_SOME_DAY = date(2026, 1, 1)


def read_calendars(
    reading: Reading, holiday_dates: HolidayDates, years: range
) -> dict[str, Calendar]:
    """Return the calendars with nothing wrong in them, `always` too; note what is wrong."""
    check_zone(("desk", "time_zone"), reading)
    calendars = {"always": Calendar()}
    tables = reading.raw("calendars")
    for name in tables if isinstance(tables, dict) else ():
        path = ("calendars", name)
        if name == "always":
            reading.remark(path, "is taken: it runs around the clock and needs no table")
            continue
        check_zone((*path, "time_zone"), reading)
        holidays = _holidays(path, reading, holiday_dates, years)
        weekly = _week(path, reading)
        zone = reading.raw(*path, "time_zone")
        if reading.is_sure(path) and weekly and isinstance(zone, str):
            calendars[name] = Calendar(
                name=name,
                time_zone=zone,
                weekly=weekly,
                holidays=holidays,
                holidays_until=date(years[-1], 12, 31) if reading.raw(*path, "country") else None,
            )
    return calendars


def check_zone(path: KeyPath, reading: Reading) -> None:
    """Note a time zone that does not exist."""
    name = reading.at(*path)
    if not isinstance(name, str):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(name, available_timezones()) or '; write e.g. "Europe/Berlin"'
        reading.mistake(path, f'"{name}" is not a time zone{hint}')


def _week(path: KeyPath, reading: Reading) -> dict[Weekday, tuple[Window, ...]]:
    days = [(*path, day) for day in WEEKDAYS]
    unknown = any(reading.is_wrong(day) or reading.document.is_lost(day) for day in days)
    if not (unknown or any(reading.raw(*day) for day in days)):
        reading.remark(path, 'is never open; write e.g. mon = ["09:00-17:00"]')
    return {day: _windows((*path, day), reading) for day in WEEKDAYS if reading.raw(*path, day)}


def _windows(path: KeyPath, reading: Reading) -> tuple[Window, ...]:
    windows: list[Window] = []
    for index, text in reading.items(*path):
        try:
            window = Window.model_validate(text)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            reading.mistake((*path, index), said)
            continue
        opens, closes = window.on(_SOME_DAY)
        for other in windows:
            begins, ends = other.on(_SOME_DAY)
            if opens < ends and begins < closes:
                reading.mistake((*path, index), f'"{text}" overlaps "{other}"')
        windows.append(window)
    return tuple(windows)


def _holidays(
    path: KeyPath, reading: Reading, holiday_dates: HolidayDates, years: range
) -> tuple[date, ...]:
    country, subdivision = reading.at(*path, "country"), reading.at(*path, "subdivision")
    lonely = isinstance(subdivision, str) and reading.raw(*path, "country") is None
    if lonely and not reading.document.is_lost((*path, "country")):
        reading.mistake((*path, "subdivision"), "needs a country beside it")
    dates: tuple[date, ...] = ()
    if isinstance(country, str):
        region = subdivision if isinstance(subdivision, str) else None
        try:
            dates = holiday_dates(country, region, years)
        except ValueError as error:
            at_fault = "subdivision" if region and _is_known(country, holiday_dates) else "country"
            reading.mistake((*path, at_fault), str(error))
    closed = {date.fromisoformat(text) for _, text in reading.items(*path, "closed_on")}
    opened = {date.fromisoformat(text) for _, text in reading.items(*path, "open_on")}
    return tuple(sorted({*dates} - opened | closed))


def _is_known(country: str, holiday_dates: HolidayDates) -> bool:
    try:
        holiday_dates(country, None, range(0))
    except ValueError:
        return False
    return True
