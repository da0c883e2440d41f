from datetime import date

import pytest

from adapters.holidays import UnknownHolidayRegionError, holiday_dates

EPIPHANY = date(2026, 1, 6)
GERMAN_UNITY = date(2026, 10, 3)
COLUMBUS = date(2027, 10, 11)
DAY_AFTER_THANKSGIVING = date(2027, 11, 26)
CHRISTMAS_EVE = date(2026, 12, 24)


def test_a_region_keeps_more_holidays_than_its_country() -> None:
    germany = holiday_dates("DE", None, [2026])
    bavaria = holiday_dates("DE", "BY", [2026])

    assert GERMAN_UNITY in germany
    assert EPIPHANY not in germany
    assert set(bavaria) - set(germany) == {EPIPHANY, date(2026, 6, 4), date(2026, 11, 1)}
    assert set(germany) < set(bavaria)


def test_a_region_may_lack_a_holiday_of_its_country() -> None:
    states, california = holiday_dates("US", None, [2027]), holiday_dates("US", "CA", [2027])

    assert COLUMBUS in states
    assert COLUMBUS not in california
    assert DAY_AFTER_THANKSGIVING in california
    assert DAY_AFTER_THANKSGIVING not in states


def test_a_holiday_on_a_weekend_counts_on_the_day_on_which_it_is_kept_too() -> None:
    fourth_of_july, monday = date(2027, 7, 4), date(2027, 7, 5)

    assert {fourth_of_july, monday} <= set(holiday_dates("US", None, [2027]))


def test_every_year_asked_for_is_looked_up_and_no_other() -> None:
    found = holiday_dates("DE", "BY", iter([2027, 2026]))

    assert [day.year for day in found] == [2026] * 12 + [2027] * 12


def test_the_company_adds_days_of_its_own_and_works_on_others() -> None:
    found = holiday_dates(
        "DE", None, [2026], extra=iter([CHRISTMAS_EVE]), removed=iter([GERMAN_UNITY])
    )

    assert CHRISTMAS_EVE in found
    assert GERMAN_UNITY not in found
    assert found == tuple(sorted(found))


def test_a_day_both_added_and_removed_stays() -> None:
    assert CHRISTMAS_EVE in holiday_dates(
        "DE", None, [2026], extra=[CHRISTMAS_EVE], removed=[CHRISTMAS_EVE]
    )


@pytest.mark.parametrize("country", ["XX", "", "de", "HolidayBase", "country_holidays"])
def test_an_unknown_country_is_refused_with_those_that_are_known(country: str) -> None:
    with pytest.raises(UnknownHolidayRegionError, match=r"the country .*: use one of .*DE.*US"):
        holiday_dates(country, None, [2026])


def test_an_unknown_region_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownHolidayRegionError, match=r"'ZZ' of DE: use one of .*\bBY\b.*, or"):
        holiday_dates("DE", "ZZ", [2026])


def test_a_region_of_a_country_without_any_is_refused() -> None:
    with pytest.raises(UnknownHolidayRegionError, match="'X' of VA: name none"):
        holiday_dates("VA", "X", [2026])
