"""The policy file: text in, validated policy out, or every mistake by line and key."""

import hashlib
import json

from sop.calendar import Calendar
from sop.errors import PolicyError
from sop.policy import CasePolicy, Policy
from sop.policy_calendars import HolidayDates, read_calendars
from sop.policy_checks import (
    check_clocks,
    check_messages,
    check_periods,
    check_rungs,
    read_rungs,
)
from sop.policy_matrix import check_matrix
from sop.policy_reading import read_structure
from sop.policy_tables import PolicyFile


def read_policy(
    text: str, *, holiday_dates: HolidayDates, this_year: int, horizon: int = 5
) -> Policy:
    """Return the policy that a text holds.

    Args:
        text: The file's content, in TOML.
        holiday_dates: Looks holidays up; see `HolidayDates`.
        this_year: The year in which the policy is loaded. Holidays are kept from the year before,
            since an open case that moves to this policy counts from its receipt.
        horizon: Years of holidays from this one, or from the first in which the policy holds.

    Raises:
        PolicyError: The text is no policy; all that is wrong with it is named.
    """
    reading = read_structure(text)
    starts = reading.file.effective_from.year if reading.file else this_year
    years = range(this_year - 1, max(this_year, starts) + horizon)
    calendars = read_calendars(reading, holiday_dates, years)
    check_rungs(read_rungs(reading), reading)
    check_clocks(reading, calendars)
    check_periods(reading)
    check_messages(reading)
    check_matrix(read_rungs(reading), reading)
    if reading.file is None or reading.mistakes:
        raise PolicyError(reading.mistakes)
    del calendars["always"]
    return _policy(reading.file, calendars, policy_digest(text))


def policy_digest(text: str) -> str:
    """Return the SHA-256 of a policy's text, in hex: which wording was approved.

    Line ends count as one, so that a copy by another system has the same.
    """
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def canonical_json(policy: Policy) -> str:
    """Return a policy as JSON that is the same for the same policy: keys sorted, no blanks."""
    values = policy.model_dump(mode="json")
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _policy(file: PolicyFile, calendars: dict[str, Calendar], digest: str) -> Policy:
    # Every case carries its policy: calendars that no clock runs on stay behind.
    used = {file.follow_up.calendar, *(rung.calendar for rung in file.escalation)}
    case = CasePolicy(
        version=file.version,
        desk=file.desk,
        calendars={name: calendars[name] for name in calendars if name in used},
        categories=file.intake.categories,
        priorities=file.intake.priorities,
        channels=file.intake.channels,
        escalation=file.escalation,
        paging=file.paging,
        promise=file.promise,
        follow_up=file.follow_up,
        verification=file.verification,
        messages=dict(file.messages),
    )
    return Policy(
        version=file.version,
        effective_from=file.effective_from,
        case=case,
        retention=file.retention,
        training_valid_for=file.training.valid_for,
        training_warn_before=file.training.warn_before,
        review_every=file.review.every,
        language=file.language,
        digest=digest,
    )
