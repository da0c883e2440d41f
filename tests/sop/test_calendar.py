"""Working time on a business calendar: windows, holidays, zones, nights on which clocks change."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from sop.calendar import Calendar, Pause, add_working, working_between
from tests.sop.calendars import HOUR, MINUTE, OFFICE, WORKDAYS, at, calendar


@pytest.mark.parametrize(
    ("received", "hours", "due"),
    [
        ("2026-11-23T09:00", 3.5, "2026-11-23T12:30"),  # to the minute at which lunch begins
        ("2026-11-23T09:00", 4, "2026-11-23T14:00"),  # over lunch
        ("2026-11-23T12:45", 1, "2026-11-23T14:30"),  # received at lunch
        ("2026-11-23T17:00", 2, "2026-11-24T10:00"),  # over the night
        ("2026-11-27T17:30", 1, "2026-11-30T09:30"),  # over the weekend
        ("2026-11-28T11:00", 8, "2026-11-30T18:00"),  # received on Saturday
        ("2026-11-23T09:00", 24, "2026-11-25T18:00"),  # three days: when the third one closes
    ],
)
def test_working_time_passes_only_in_opening_hours(received: str, hours: float, due: str) -> None:
    start, end = at(received, "Europe/Berlin"), at(due, "Europe/Berlin")

    assert add_working(OFFICE, start, hours * HOUR) == end
    assert working_between(OFFICE, start, end) == hours * HOUR


def test_around_the_clock_is_plain_elapsed_time() -> None:
    start = at("2026-03-28T22:00", "Europe/Berlin")

    assert add_working(Calendar(), start, 12 * HOUR) == start.astimezone(UTC) + 12 * HOUR
    assert working_between(Calendar(), start, at("2026-03-29T22:00", "Europe/Berlin")) == 23 * HOUR


def test_what_is_due_at_once_is_due_at_night_and_in_a_pause_too() -> None:
    night = at("2026-11-23T03:00", "Europe/Berlin")

    assert add_working(OFFICE, night, timedelta(0)) == night
    assert add_working(OFFICE, night, timedelta(0), [Pause(start=night - HOUR)]) == night


def test_results_are_in_utc_whatever_zone_the_start_is_given_in() -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=timezone(-5 * HOUR))

    for of in (Calendar(), OFFICE):
        for amount in (timedelta(0), HOUR):
            due = add_working(of, start, amount)
            assert due is not None
            assert due.tzinfo is UTC


# Overnight windows


def test_an_overnight_window_belongs_to_the_day_on_which_it_begins() -> None:
    fridays = calendar("22:00-06:00", days=("fri",))
    friday, saturday = at("2026-11-27T00:00"), at("2026-11-28T00:00")

    assert working_between(fridays, friday, saturday) == 2 * HOUR
    assert working_between(fridays, saturday, saturday + 24 * HOUR) == 6 * HOUR
    assert add_working(fridays, saturday + HOUR, 5 * HOUR) == saturday + 6 * HOUR


def test_a_holiday_removes_the_whole_night_that_begins_on_it_and_no_other() -> None:
    nights = calendar("22:00-06:00", holidays=["2026-12-25"])
    christmas = at("2026-12-25T00:00")

    assert working_between(nights, christmas, christmas + 24 * HOUR) == 6 * HOUR
    assert working_between(nights, christmas + 24 * HOUR, christmas + 48 * HOUR) == 2 * HOUR


def test_a_window_from_nine_to_nine_is_a_whole_day() -> None:
    mondays = calendar("09:00-09:00", days=("mon",))

    monday = at("2026-11-23T09:00")
    assert working_between(mondays, monday - 24 * HOUR, monday + 72 * HOUR) == 24 * HOUR
    assert add_working(mondays, monday, 24 * HOUR) == monday + 24 * HOUR


@pytest.mark.parametrize(
    "windows",
    [
        ["09:00-13:00", "12:00-15:00"],
        ["12:00-15:00", "09:00-13:00"],
        ["09:00-15:00", "10:00-11:00"],
        ["09:00-15:00", "09:00-15:00"],
        ["09:00-15:00", "09:00-12:00"],
    ],
)
def test_windows_that_overlap_count_once(windows: list[str]) -> None:
    day = at("2026-11-23T00:00")

    assert working_between(calendar(*windows), day, day + 24 * HOUR) == 6 * HOUR


def test_a_night_that_overlaps_the_next_morning_counts_once() -> None:
    shifts = calendar("20:00-08:00", "06:00-10:00")
    noon = at("2026-11-23T12:00")

    assert working_between(shifts, noon, noon + 24 * HOUR) == 14 * HOUR
    assert add_working(shifts, noon, 14 * HOUR) == noon + 22 * HOUR


def test_whole_days_join_at_midnight() -> None:
    monday = at("2026-11-23T00:00")

    assert working_between(calendar("00:00-24:00"), monday, monday + 240 * HOUR) == 240 * HOUR


# Holidays and zones


def test_a_holiday_is_skipped() -> None:
    office = OFFICE.model_copy(update={"holidays": (date(2026, 12, 25),)})
    thursday = at("2026-12-24T17:00", "Europe/Berlin")

    assert add_working(OFFICE, thursday, 2 * HOUR) == at("2026-12-25T10:00", "Europe/Berlin")
    assert add_working(office, thursday, 2 * HOUR) == at("2026-12-28T10:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("UTC", "2026-11-23T10:00+00:00"),
        ("Europe/Berlin", "2026-11-23T09:00+00:00"),
        ("America/New_York", "2026-11-23T15:00+00:00"),
        ("Asia/Kolkata", "2026-11-23T04:30+00:00"),
        ("Asia/Kathmandu", "2026-11-23T04:15+00:00"),
        ("Pacific/Kiritimati", "2026-11-23T20:00+00:00"),  # there it is Monday evening already
    ],
)
def test_windows_are_meant_in_the_zone_of_the_calendar(zone: str, due: str) -> None:
    mornings = calendar("09:00-17:00", days=WORKDAYS, time_zone=zone)
    start = at("2026-11-22T18:00") if zone != "Pacific/Kiritimati" else at("2026-11-23T12:00")

    assert add_working(mornings, start, HOUR) == datetime.fromisoformat(due)


def test_a_holiday_is_meant_in_the_zone_of_the_calendar() -> None:
    new_year = calendar("00:00-24:00", time_zone="Pacific/Auckland", holidays=["2027-01-01"])
    begins = at("2027-01-01T00:00", "Pacific/Auckland")

    assert begins.astimezone(UTC).date() == date(2026, 12, 31)
    assert add_working(new_year, begins, MINUTE) == begins.astimezone(UTC) + 24 * HOUR + MINUTE


# Nights on which the clocks change


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", 3),
        ("Europe/Berlin", "2026-03-29", 2),  # 02:00 becomes 03:00
        ("Europe/Berlin", "2026-10-25", 4),  # 03:00 becomes 02:00
        ("America/New_York", "2026-03-08", 2),
        ("America/New_York", "2026-11-01", 4),
        ("Australia/Lord_Howe", "2026-10-04", 2.5),  # half an hour
        ("Australia/Lord_Howe", "2026-04-05", 3.5),
    ],
)
def test_a_night_shift_is_as_long_as_it_really_is(zone: str, night: str, hours: float) -> None:
    shift = calendar("01:00-04:00", time_zone=zone)
    midnight = at(night, zone)

    assert working_between(shift, midnight, at(f"{night}T12:00", zone)) == hours * HOUR
    assert add_working(shift, midnight, hours * HOUR) == at(f"{night}T04:00", zone)


BERLIN_FORWARD = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 becomes 03:00
BERLIN_BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 becomes 02:00


@pytest.mark.parametrize(
    ("window", "change", "opens", "closes"),
    [
        ("01:00-02:30", BERLIN_FORWARD, -60, 0),  # its end does not exist
        ("02:30-04:00", BERLIN_FORWARD, 0, 60),  # its start does not
        ("02:30-03:15", BERLIN_FORWARD, 0, 15),  # nor may it end before it starts
        ("02:00-03:00", BERLIN_FORWARD, 0, 0),  # nothing of it exists
        ("02:15-02:45", BERLIN_FORWARD, 0, 0),
        ("01:00-02:30", BERLIN_BACK, -120, -30),  # its end exists twice: the first
        ("02:30-04:00", BERLIN_BACK, -30, 120),  # its start does: the first
        ("02:15-02:45", BERLIN_BACK, -45, -15),
        ("02:59-03:00", BERLIN_BACK, -1, 60),  # 03:00 comes after the hour is repeated
    ],
)
def test_a_wall_time_stands_for_the_first_moment_at_which_it_is_reached(
    window: str, change: datetime, opens: int, closes: int
) -> None:
    of_the_night = calendar(window, time_zone="Europe/Berlin")
    before, after = change - 3 * HOUR, change + 3 * HOUR
    length = (closes - opens) * MINUTE

    assert working_between(of_the_night, before, after) == length
    if length:
        assert working_between(of_the_night, before, change + opens * MINUTE) == timedelta(0)
        assert add_working(of_the_night, before, length) == change + closes * MINUTE


@pytest.mark.parametrize("change", [BERLIN_FORWARD, BERLIN_BACK])
@pytest.mark.parametrize("seam", ["02:00", "02:30", "03:00"])
def test_adjacent_windows_lose_no_time_when_the_clocks_change(change: datetime, seam: str) -> None:
    shifts = calendar(f"00:00-{seam}", f"{seam}-24:00", time_zone="Europe/Berlin")
    start = change - 10 * HOUR

    assert working_between(shifts, start, start + 20 * HOUR) == 20 * HOUR


def test_both_readings_of_a_repeated_hour_are_told_apart() -> None:
    shift = calendar("01:00-04:00", time_zone="Europe/Berlin")
    first, second = (at("2026-10-25T02:30", "Europe/Berlin", fold) for fold in (0, 1))

    assert working_between(shift, first, second) == HOUR
    assert add_working(shift, second, HOUR) == first.astimezone(UTC) + 2 * HOUR


def test_of_a_day_that_a_country_skipped_only_the_night_that_leaves_it_is_open() -> None:
    # Samoa went from 29 to 31 December 2011, across the date line.
    apia = calendar("22:00-06:00", "09:00-17:00", time_zone="Pacific/Apia")
    start, end = at("2011-12-29T12:00", "Pacific/Apia"), at("2011-12-31T12:00", "Pacific/Apia")

    assert end.astimezone(UTC) - start.astimezone(UTC) == 24 * HOUR
    # Thursday to 17:00 and from 22:00; of Friday the rest of the night; Saturday from 09:00.
    assert working_between(apia, start, end) == (5 + 2 + 6 + 3) * HOUR


def test_clocks_put_back_over_midnight_keep_the_window_that_had_begun() -> None:
    # In 2010 St John's put its clocks from 00:01 back to 23:01 of the day before.
    change = datetime(2010, 11, 7, 2, 31, tzinfo=UTC)
    sundays = calendar("00:00-24:00", days=("sun",), time_zone="America/St_Johns")

    assert change.astimezone(ZoneInfo("America/St_Johns")).strftime("%a %H:%M") == "Sat 23:01"
    assert working_between(sundays, change - HOUR, change + 30 * MINUTE) == 31 * MINUTE
    assert working_between(sundays, change + 10 * MINUTE, change + HOUR) == 50 * MINUTE
