"""When which class of a closed case goes: the clocks of retention (INQ-7.1, HOF-7).

The policy in force decides, also for cases that began under another one: a longer time takes
effect on what is still there, and a shorter one is what the company now means to keep.
"""

import calendar
from collections.abc import Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sop.disposal import RetentionRules
from sop.keys import RecordClass
from sop.policy import Policy
from sop.policy_rules import LegalBasis

CLASSES: Mapping[str, tuple[RecordClass, ...]] = MappingProxyType(
    {
        "inquiry": (
            RecordClass.HISTORY,
            RecordClass.INQUIRY,
            RecordClass.VERIFICATION,
            RecordClass.INCIDENT,
        ),
        "handoff": (
            RecordClass.HISTORY,
            RecordClass.HANDOFF,
            RecordClass.VERIFICATION,
            RecordClass.INCIDENT,
        ),
        "incident": (RecordClass.HISTORY, RecordClass.INCIDENT),
        "duty": (RecordClass.HISTORY, RecordClass.HANDOFF),
        "privacy": (RecordClass.HISTORY, RecordClass.INCIDENT),
    }
)
"""What there can be of each kind of case: its history, its own record, what its registers hold."""

ORDER = tuple(RecordClass)
"""In this order a run goes through the classes."""

_SHORTEST_MONTH = timedelta(days=28)
_LAST = datetime.max.replace(tzinfo=UTC)


def rules_of(policy: Policy) -> RetentionRules:
    """Return the part of a policy that says what is kept for how long."""
    return RetentionRules(
        policy_version=policy.version,
        retention=policy.retention,
        time_zone=policy.case.desk.time_zone,
    )


def kinds_with(record_class: RecordClass) -> tuple[str, ...]:
    """Return the kinds of cases that can have records of a class."""
    return tuple(kind for kind, classes in CLASSES.items() if record_class in classes)


def due_at(record_class: RecordClass, closed_at: datetime, rules: RetentionRules) -> datetime:
    """Return from when on a class of a case that closed then goes, in UTC.

    Months are the calendar's, at the desk: the same day and time so many months later. Where that
    day is missing (29, 30 or 31 of a shorter month) it is the end of that month, where the time is
    missing or comes twice the later one: never early.
    """
    kept = rules.retention
    if record_class is RecordClass.HISTORY:
        return _later(closed_at, timedelta(days=kept.history_days))
    months: int = getattr(kept, record_class.value)
    return _at_the_desk(closed_at, months, rules)


def not_before(record_class: RecordClass, at: datetime, rules: RetentionRules) -> datetime:
    """Return a moment: what closed after it is certainly not due at `at`."""
    kept = rules.retention
    if record_class is RecordClass.HISTORY:
        return _earlier(at, timedelta(days=kept.history_days))
    months: int = getattr(kept, record_class.value)
    return _months_earlier_at_least(at, months)


def entry_due_at(written_at: datetime, rules: RetentionRules) -> datetime:
    """Return from when on an entry of the access log goes, in UTC (INQ-7.1, INQ-7.2).

    It counts from itself, not from a case: what it proves is that somebody was shown something.
    Months are those of `due_at`.
    """
    return _at_the_desk(written_at, rules.retention.access_log, rules)


def entries_not_before(at: datetime, rules: RetentionRules) -> datetime:
    """Return a moment: an entry of the access log written after it is not due at `at`."""
    return _months_earlier_at_least(at, rules.retention.access_log)


def basis_of(record_class: RecordClass, rules: RetentionRules) -> LegalBasis:
    """Return why a class is kept against a request for erasure.

    Temporal's history is a working copy of the records: there is no reason to keep it.
    """
    if record_class is RecordClass.HISTORY:
        return LegalBasis.NONE
    basis: LegalBasis = getattr(rules.retention.legal_basis, record_class.value)
    return basis


def _at_the_desk(moment: datetime, months: int, rules: RetentionRules) -> datetime:
    zone = ZoneInfo(rules.time_zone)
    target = _months_later(moment.astimezone(zone).replace(tzinfo=None), months)
    if target is None:
        return _LAST
    both = (target.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(both)


def _months_earlier_at_least(at: datetime, months: int) -> datetime:
    return _earlier(at, min(months, 12 * 9000) * _SHORTEST_MONTH)


def _months_later(local: datetime, months: int) -> datetime | None:
    """Return the same day and time so many months later, or the end of a month that is shorter.

    None beyond the calendar's end.
    """
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    if year >= MAXYEAR:
        return None
    days = calendar.monthrange(year, month + 1)[1]
    if local.day <= days:
        return local.replace(year=year, month=month + 1)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.replace(year=year, month=month + 1, day=days) + timedelta(days=1)


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment.astimezone(UTC) + by if by < _LAST - moment else _LAST


def _earlier(moment: datetime, by: timedelta) -> datetime:
    first = datetime(1, 1, 2, tzinfo=UTC)
    return moment.astimezone(UTC) - by if by < moment - first else first
