"""The law's clock: a calendar month and two more, or 45 days and 45 more (HOF-5.1)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.privacy import legal_clock
from sop.privacy.models import Law
from tests.sop.privacy.requests import privacy_policy

pytestmark = pytest.mark.clause("HOF-5.1")
BERLIN = ZoneInfo("Europe/Berlin")
RULE = privacy_policy().privacy
MOMENTS = st.integers(0, 36_500 * 24).map(
    lambda hours: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
)


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        ("2027-01-31 14:05", "2027-02-28 14:05", "2027-04-28 14:05"),
        ("2028-01-31 14:05", "2028-02-29 14:05", "2028-04-29 14:05"),
        ("2026-08-31 09:00", "2026-09-30 09:00", "2026-11-30 09:00"),
        ("2026-12-15 09:00", "2027-01-15 09:00", "2027-03-15 09:00"),
        ("2026-03-01 09:00", "2026-04-01 09:00", "2026-06-01 09:00"),
    ],
    ids=["31 January", "a leap year", "31 August", "over a new year", "over a change of clocks"],
)
def test_a_month_is_a_month_of_the_calendar_and_ends_on_its_last_day_at_the_latest(
    received: str, due: str, extended: str
) -> None:
    found = legal_clock.due(local(received), Law.GDPR, RULE, BERLIN)
    assert found == local(due)
    assert legal_clock.extended(found, Law.GDPR, RULE, BERLIN) == local(extended)


def test_forty_five_days_are_days_of_the_calendar_over_a_change_of_the_clocks() -> None:
    received = local("2026-03-01 09:00")
    found = legal_clock.due(received, Law.CCPA, RULE, BERLIN)
    assert found == local("2026-04-15 09:00")
    assert found - received.astimezone(UTC) == timedelta(days=45, hours=-1)
    assert legal_clock.extended(found, Law.CCPA, RULE, BERLIN) == local("2026-05-30 09:00")


@given(MOMENTS)
def test_a_month_is_never_longer_than_the_law_gives(received: datetime) -> None:
    found = legal_clock.due(received, Law.GDPR, RULE, BERLIN).astimezone(BERLIN)
    begun = received.astimezone(BERLIN)
    months = (found.year - begun.year) * 12 + found.month - begun.month
    assert months == 1
    assert found.day <= begun.day
    assert found.date() - begun.date() >= timedelta(days=28)
