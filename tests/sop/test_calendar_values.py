"""What a calendar refuses, and how it travels."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from pydantic import ValidationError

from sop.calendar import (
    SEARCH_LIMIT,
    WEEKDAYS,
    Calendar,
    NoWorkingTimeError,
    Pause,
    Window,
    add_working,
    working_between,
)
from tests.sop.calendars import HOUR, MINUTE, OFFICE, at, calendar

NOON = at("2026-11-23T12:00")

# What is refused


def test_moments_without_a_zone_are_refused() -> None:
    naive = datetime.fromisoformat("2026-11-23T09:00")

    with pytest.raises(ValueError, match="needs a time zone"):
        add_working(OFFICE, naive, HOUR)
    with pytest.raises(ValueError, match="needs a time zone"):
        working_between(OFFICE, naive, NOON)
    with pytest.raises(ValueError, match="needs a time zone"):
        working_between(OFFICE, NOON, naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        OFFICE.model_copy(update={"holidays_until": naive.date()}).knows_holidays(naive)
    with pytest.raises(ValidationError, match="timezone"):
        Pause(start=naive)


@pytest.mark.parametrize("year", [1, 1899, 9900, 9999])
def test_far_off_years_are_refused_before_they_overflow(year: int) -> None:
    far = datetime(year, 1, 1, tzinfo=timezone(14 * HOUR))

    with pytest.raises(ValueError, match="between the years 1900 and 9900"):
        add_working(OFFICE, far, HOUR)


def test_negative_working_time_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        add_working(Calendar(), NOON, -MINUTE)


def test_a_measure_that_ends_before_it_starts_is_zero() -> None:
    for of in (Calendar(), OFFICE):
        assert working_between(of, NOON, NOON - 48 * HOUR) == timedelta(0)
        assert working_between(of, NOON, NOON) == timedelta(0)


def test_a_pause_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="cannot end before it starts"):
        Pause(start=NOON, end=NOON - MINUTE)


@pytest.mark.parametrize("week", [{"mon": []}, {day: [] for day in WEEKDAYS}])
def test_a_week_without_a_window_is_refused(week: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="no opening window") as refused:
        Calendar.model_validate({"weekly": week})

    assert isinstance(refused.value.errors()[0]["ctx"]["error"], NoWorkingTimeError)


def test_a_search_that_finds_too_little_ends_with_an_error_that_names_the_calendar() -> None:
    begins = date(2026, 11, 22)
    closed = [begins + timedelta(days=n) for n in range(SEARCH_LIMIT.days + 3)]
    never = calendar("09:00-17:00", name="never", holidays=closed)

    with pytest.raises(NoWorkingTimeError, match="calendar 'never' has less than 1:00:00"):
        add_working(never, NOON, HOUR)


@pytest.mark.parametrize("of", [Calendar(), calendar("00:00-24:00")])
def test_the_search_reaches_ten_years_and_no_further(of: Calendar) -> None:
    assert add_working(of, NOON, SEARCH_LIMIT) == NOON + SEARCH_LIMIT
    with pytest.raises(NoWorkingTimeError, match="has less than"):
        add_working(of, NOON, SEARCH_LIMIT + MINUTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9:00-12:00",
        "09:00",
        "09:00-25:00",
        "24:00-06:00",
        "09:60-12:00",
        "09:00-24:30",
        "09:00-12:00:00",
        "09:00–12:00",
        "00:00-00:00",
        " 09:00-12:00",
    ],
)
def test_a_window_that_cannot_be_read_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValidationError, match="no opening window: write HH:MM-HH:MM"):
        Window.model_validate(text)


@pytest.mark.parametrize(
    "odd", [time(9, 0, 1), time(9, 0, 0, 1), time(9, tzinfo=UTC)], ids=["second", "micro", "zone"]
)
def test_a_window_is_in_local_wall_time_to_the_minute(odd: time) -> None:
    with pytest.raises(ValidationError, match="to the minute"):
        Window(start=odd, end=time(12))
    with pytest.raises(ValidationError, match="to the minute"):
        Window(start=time(8), end=odd)


@pytest.mark.parametrize(
    "zone", ["Europe", "Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 300]
)
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone: write an IANA name"):
        Calendar(time_zone=zone)


def test_holidays_without_windows_are_refused_since_they_would_not_count() -> None:
    with pytest.raises(ValidationError, match="00:00-24:00 if holidays are to count"):
        Calendar(holidays=(date(2026, 12, 25),))


# How a calendar travels


def test_a_calendar_around_the_clock_is_short_in_a_history() -> None:
    assert Calendar().model_dump_json() == '{"name":"always","time_zone":"UTC"}'
    assert Calendar.model_validate_json("{}") == Calendar()


def test_a_calendar_travels_as_it_is_written_in_the_policy() -> None:
    desk = calendar(
        "22:00-06:00",
        "13:00-24:00",
        days=("tue", "mon"),
        name="desk",
        time_zone="Europe/Berlin",
        holidays=["2026-12-26", "2026-12-25", "2026-12-26"],
        holidays_until="2036-12-31",
    )

    assert desk.model_dump(mode="json") == {
        "name": "desk",
        "time_zone": "Europe/Berlin",
        "weekly": {
            "mon": ["13:00-24:00", "22:00-06:00"],
            "tue": ["13:00-24:00", "22:00-06:00"],
        },
        "holidays": ["2026-12-25", "2026-12-26"],
        "holidays_until": "2036-12-31",
    }
    assert list(desk.weekly) == ["mon", "tue"]
    assert Calendar.model_validate_json(desk.model_dump_json()) == desk


def test_a_field_of_a_newer_process_is_ignored() -> None:
    assert Calendar.model_validate_json('{"name":"desk","colour":"blue"}') == Calendar(name="desk")


def test_a_calendar_says_how_far_its_holidays_are_known() -> None:
    known = OFFICE.model_copy(update={"holidays_until": date(2026, 12, 31)})

    assert known.knows_holidays(at("2026-12-31T23:59", "Europe/Berlin"))
    assert not known.knows_holidays(at("2027-01-01T00:00", "Europe/Berlin"))
    assert OFFICE.knows_holidays(at("2099-01-01T00:00"))
