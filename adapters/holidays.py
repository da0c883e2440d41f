"""Public holidays per country and region, from the `holidays` library.

Its data change with its releases and it cannot run in the workflow sandbox: dates are looked up
when a policy is loaded, and travel with the case from then on.
"""

from collections.abc import Iterable
from datetime import date

from holidays import country_holidays, list_supported_countries


class UnknownHolidayRegionError(ValueError):
    """No holidays are known for a country or subdivision; the message lists those that are."""


def holiday_dates(
    country: str,
    subdivision: str | None,
    years: Iterable[int],
    extra: Iterable[date] = (),
    removed: Iterable[date] = (),
) -> tuple[date, ...]:
    """Return the dates on which a region keeps a public holiday, each once, in order.

    Where the law moves a holiday off a weekend, the day on which it is kept counts as well.

    Args:
        country: ISO 3166-1 code, e.g. `DE`.
        subdivision: ISO 3166-2 code without the country, e.g. `BY`; None for the whole country.
        years: The years that are looked up; one for which the library has no data adds nothing.
        extra: Days that count besides, in any year: a company holiday, a municipal one.
        removed: Holidays on which the desk works. A date in `extra` stays.

    Raises:
        UnknownHolidayRegionError: The country or the subdivision is not known.
    """
    if country not in list_supported_countries():
        known = ", ".join(sorted(list_supported_countries(include_aliases=False)))
        raise UnknownHolidayRegionError(
            f"no holidays are known for the country {country!r}: use one of {known}"
        )
    try:
        kept = country_holidays(country, subdiv=subdivision, years=tuple(years))
    except NotImplementedError:
        known = ", ".join(list_supported_countries()[country])
        advice = f"use one of {known}, or none" if known else "name none"
        raise UnknownHolidayRegionError(
            f"no holidays are known for the subdivision {subdivision!r} of {country}: {advice}"
        ) from None
    return tuple(sorted(set(kept) - set(removed) | set(extra)))
