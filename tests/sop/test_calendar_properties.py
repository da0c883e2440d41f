"""What holds for every calendar, around nights on which clocks change above all."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sop.calendar import WEEKDAYS, Calendar, Pause, Window, add_working, working_between

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)

# Each zone with a year in which its clocks change in a way of its own.
ZONES = [
    ("UTC", 2026),
    ("Asia/Kathmandu", 2026),  # never changes, and lies off the full hour
    ("Europe/Berlin", 2026),
    ("Europe/Dublin", 2026),  # its winter time is the exception
    ("America/New_York", 2026),
    ("America/Havana", 2026),  # forward at midnight
    ("America/Sao_Paulo", 2018),  # back at midnight, into the day before
    ("America/St_Johns", 2010),  # at one minute past midnight
    ("Australia/Lord_Howe", 2026),  # by half an hour
    ("Antarctica/Troll", 2026),  # by two hours
    ("Pacific/Apia", 2011),  # skipped a day
]


class Case(NamedTuple):
    """A calendar, a moment near a change of its clocks, and pauses around it."""

    calendar: Calendar
    change: datetime
    start: datetime
    pauses: list[Pause]


@cache
def changes(zone: str, year: int) -> list[datetime]:
    """Return the moments of a year at which a zone's clocks change, or its middle."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + n * HOUR for n in range(365 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    found = [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
    return found or [datetime(year, 7, 1, tzinfo=UTC)]


# Quarters of an hour, so that a week holds enough of them to reach every amount drawn below;
# more of them in the hours in which clocks change.
hours = st.integers(0, 4) | st.integers(0, 23)
times = st.builds(time, hour=hours, minute=st.sampled_from([0, 15, 30, 45]))
windows = st.builds(Window, start=times, end=times)
days = st.lists(windows, max_size=3).map(tuple)
weeks = st.fixed_dictionaries(dict.fromkeys(WEEKDAYS, days)).filter(lambda week: any(week.values()))
amounts = st.timedeltas(min_value=timedelta(0), max_value=30 * HOUR)
some_time = amounts.filter(bool)


@st.composite
def cases(draw: st.DrawFn, step: timedelta = TICK) -> Case:
    zone, year = draw(st.sampled_from(ZONES))
    change = draw(st.sampled_from(changes(zone, year)))

    def moment(around: datetime, before: timedelta, after: timedelta) -> datetime:
        return around + draw(st.integers(-(before // step), after // step)) * step

    week = draw(st.just({}) | weeks)
    holiday = st.dates(change.date() - 3 * DAY, change.date() + 9 * DAY)
    holidays = draw(st.lists(holiday, max_size=3)) if week else []
    start = moment(change, 2 * DAY, DAY)
    pauses = []
    for _ in range(draw(st.integers(0, 3))):
        begin = moment(start, DAY, 3 * DAY)
        pauses.append(Pause(start=begin, end=moment(begin, timedelta(0), DAY)))
    calendar = Calendar(time_zone=zone, weekly=week, holidays=tuple(holidays))
    return Case(calendar, change, start, pauses)


def add(case: Case, start: datetime, amount: timedelta) -> datetime:
    due = add_working(case.calendar, start, amount, case.pauses)
    assert due is not None
    return due


def between(case: Case, start: datetime, end: datetime) -> timedelta:
    return working_between(case.calendar, start, end, case.pauses)


@settings(deadline=None)
@given(cases(), amounts)
def test_measuring_what_was_added_gives_it_back(case: Case, amount: timedelta) -> None:
    assert between(case, case.start, add(case, case.start, amount)) == amount


@settings(deadline=None)
@given(cases(), some_time)
def test_no_earlier_moment_is_due(case: Case, amount: timedelta) -> None:
    due = add(case, case.start, amount)

    assert between(case, case.start, due - TICK) == amount - TICK


@settings(deadline=None)
@given(cases(), some_time, amounts)
def test_adding_twice_is_adding_the_sum(case: Case, first: timedelta, then: timedelta) -> None:
    assert add(case, add(case, case.start, first), then) == add(case, case.start, first + then)


@settings(deadline=None)
@given(cases(), st.timedeltas(timedelta(0), 3 * DAY), amounts)
def test_a_later_start_is_never_due_earlier(
    case: Case, later: timedelta, amount: timedelta
) -> None:
    assert add(case, case.start, amount) <= add(case, case.start + later, amount)


@settings(deadline=None)
@given(cases(), amounts, some_time)
def test_more_time_is_always_due_later(case: Case, amount: timedelta, more: timedelta) -> None:
    assert add(case, case.start, amount) < add(case, case.start, amount + more)


@settings(deadline=None)
@given(cases(), st.timedeltas(timedelta(0), 4 * DAY), st.timedeltas(timedelta(0), 4 * DAY))
def test_the_measures_of_two_parts_are_that_of_the_whole(
    case: Case, first: timedelta, then: timedelta
) -> None:
    middle, end = case.start + first, case.start + first + then

    whole = between(case, case.start, end)
    assert whole == between(case, case.start, middle) + between(case, middle, end)
    assert timedelta(0) <= whole <= first + then


@settings(deadline=None)
@given(cases(), st.timedeltas(timedelta(0), 4 * DAY), amounts)
def test_an_open_pause_leaves_only_what_was_due_before_it(
    case: Case, into: timedelta, amount: timedelta
) -> None:
    held = case.start + into
    pauses = [*case.pauses, Pause(start=held)]
    due = add(case, case.start, amount)

    expected = due if due <= held or not amount else None
    assert add_working(case.calendar, case.start, amount, pauses) == expected
    assert working_between(case.calendar, case.start, held + DAY, pauses) == between(
        case, case.start, held
    )


@settings(deadline=None)
@given(cases())
def test_a_calendar_survives_the_journey_through_a_history(case: Case) -> None:
    assert Calendar.model_validate_json(case.calendar.model_dump_json()) == case.calendar


# The same by counting minutes, as plainly as possible


@cache
def clock(zone: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Return the minutes around a change, each with what the clock on the wall shows."""
    minutes = [change + n * MINUTE for n in range(-6 * 1440, 8 * 1440)]
    return [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for minute in minutes]


def openings(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    for window in calendar.weekly.get(WEEKDAYS[day.weekday()], ()):
        ends = day if window.end > window.start else day + DAY
        yield datetime.combine(day, window.start), datetime.combine(ends, window.end)


def open_minutes(case: Case) -> set[datetime]:
    minutes = clock(case.calendar.time_zone, case.change)
    found: set[datetime] = set()
    for day in (case.change.date() + n * DAY for n in range(-4, 6)):
        if day not in case.calendar.holidays:
            for opens, closes in openings(case.calendar, day):
                opened = next(n for n, (_, wall) in enumerate(minutes) if wall >= opens)
                closed = next(n for n, (_, wall) in enumerate(minutes) if wall >= closes)
                found |= {minute for minute, _ in minutes[opened:closed]}
    return found


@settings(deadline=None)
@given(cases(step=MINUTE).filter(lambda case: bool(case.calendar.weekly)))
def test_counting_the_minutes_on_the_clock_comes_to_the_same(case: Case) -> None:
    counted = open_minutes(case)
    for pause in case.pauses:
        assert pause.end is not None
        counted -= {minute for minute in counted if pause.start <= minute < pause.end}

    for span in (5 * HOUR, DAY, 2 * DAY):
        end = case.start + span
        expected = len([minute for minute in counted if case.start <= minute < end])
        assert between(case, case.start, end) == expected * MINUTE
