"""How long the law gives: whole months or days of the calendar, as the desk's zone has them."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sop.policy import PrivacyRule
from sop.privacy.models import Law

_YEAR = 12


def plus_months(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """Return the same local time so many months later.

    A month without that day ends on its last one: 31 January and a month is 28 or 29 February.
    The law gives until that day is over; the time of day is kept, which is never later.
    """
    local = moment.astimezone(zone)
    whole = local.year * _YEAR + local.month - 1 + months
    year, month = whole // _YEAR, whole % _YEAR + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(UTC)


def plus_days(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local time so many days later, over a change of the clocks too."""
    return (moment.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def due(received_at: datetime, law: Law, rule: PrivacyRule, zone: ZoneInfo) -> datetime:
    """Return by when a request must be answered."""
    if law is Law.GDPR:
        return plus_months(received_at, rule.gdpr_months, zone)
    return plus_days(received_at, rule.ccpa_days, zone)


def extended(due_at: datetime, law: Law, rule: PrivacyRule, zone: ZoneInfo) -> datetime:
    """Return by when an extended request must be answered, counted from its first deadline."""
    if law is Law.GDPR:
        return plus_months(due_at, rule.gdpr_extension_months, zone)
    return plus_days(due_at, rule.ccpa_extension_days, zone)
