"""Times that do not count."""

from datetime import datetime, timedelta

import pytest

from sop.calendar import Calendar, Pause, add_working, working_between
from tests.sop.calendars import HOUR, OFFICE, at, calendar

NOON = at("2026-11-23T12:00")


def paused(start: float, end: float | None) -> Pause:
    return Pause(start=NOON + start * HOUR, end=None if end is None else NOON + end * HOUR)


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        ([paused(1, 2)], 5),
        ([paused(-2, 1)], 5),  # began before the start
        ([paused(-3, -1)], 4),  # was over at the start
        ([paused(4, 6)], 4),  # begins when the time is reached
        ([paused(3, 5), paused(1, 2)], 7),  # in any order
        ([paused(1, 4), paused(2, 3)], 7),  # one within another
        ([paused(1, 3), paused(2, 5)], 8),  # overlapping
        ([paused(1, 2), paused(2, 3)], 6),  # adjacent
        ([paused(2, 2)], 4),  # of no length
        ([paused(5, None)], 4),  # reached before the open one begins
        ([paused(4, None)], 4),  # reached as it begins
        ([paused(1, 2), paused(5, None)], 5),
        ([paused(3, None)], None),
        ([paused(-1, None)], None),
        ([paused(1, 2), paused(4, None)], None),
        ([paused(9, None), paused(3, None)], None),  # the first of two open ones
    ],
)
def test_time_within_a_pause_does_not_count(pauses: list[Pause], due: float | None) -> None:
    expected = None if due is None else NOON + due * HOUR

    assert add_working(Calendar(), NOON, 4 * HOUR, pauses) == expected
    if expected is not None:
        assert working_between(Calendar(), NOON, expected, pauses) == 4 * HOUR


def test_an_open_pause_stops_the_measure_where_it_begins() -> None:
    assert working_between(Calendar(), NOON, NOON + 9 * HOUR, [paused(3, None)]) == 3 * HOUR
    assert working_between(Calendar(), NOON, NOON + 9 * HOUR, [paused(-1, None)]) == timedelta(0)


def test_a_pause_takes_only_the_opening_hours_that_it_covers() -> None:
    start = at("2026-11-23T16:00", "Europe/Berlin")
    overnight = Pause(start=start + HOUR, end=at("2026-11-24T10:00", "Europe/Berlin"))

    # One hour before the pause; one of Monday and one of Tuesday fall into it.
    assert add_working(OFFICE, start, 2 * HOUR, [overnight]) == at(
        "2026-11-24T11:00", "Europe/Berlin"
    )


def test_a_pause_in_the_night_takes_nothing() -> None:
    start = at("2026-11-23T17:00", "Europe/Berlin")
    at_night = Pause(start=start + 2 * HOUR, end=start + 5 * HOUR)

    assert add_working(OFFICE, start, 2 * HOUR, [at_night]) == at(
        "2026-11-24T10:00", "Europe/Berlin"
    )


def test_pauses_in_a_zone_count_as_moments_and_not_as_wall_times() -> None:
    def on_the_clock(wall: str, fold: int = 0) -> datetime:
        return at(f"2026-10-25T{wall}", "Europe/Berlin", fold)

    repeated = Pause(start=on_the_clock("02:30"), end=on_the_clock("02:30", fold=1))
    shift = calendar("01:00-04:00", time_zone="Europe/Berlin")
    midnight, four = on_the_clock("00:00"), on_the_clock("04:00")

    assert working_between(shift, midnight, four, [repeated]) == 3 * HOUR

    # Midnight to one is paused; three hours later the clock, put back, shows three.
    until_one = Pause(start=midnight, end=on_the_clock("01:00"))
    due = add_working(Calendar(), midnight, 3 * HOUR, [until_one])
    assert due is not None
    assert due.isoformat() == "2026-10-25T02:00:00+00:00"
