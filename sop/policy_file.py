"""The policy file: text in, validated policy out, or every mistake by line and key."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sop.calendar import Calendar
from sop.errors import PolicyError
from sop.plain_language import HANDOFF_MESSAGES, INQUIRY_MESSAGES
from sop.policy import (
    CasePolicy,
    DutyPolicy,
    HandoffPolicy,
    HandoffRule,
    IncidentPolicy,
    IncidentRule,
    Policy,
    PrivacyPolicy,
    PrivacyRule,
    Rung,
)
from sop.policy_calendars import HolidayDates, read_calendars
from sop.policy_checks import check_clocks, check_messages
from sop.policy_matrix import check_matrix
from sop.policy_reading import read_structure
from sop.policy_rungs import check_rungs, read_rungs
from sop.policy_sections import check_returns, check_sections
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
    check_sections(reading)
    check_messages(reading)
    rows = read_rungs(reading)
    check_matrix(rows, reading)
    check_returns(rows, reading)
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
    case = CasePolicy(
        **_pinned(
            file, file.escalation, calendars, INQUIRY_MESSAGES, also={file.follow_up.calendar}
        ),
        categories=file.intake.categories,
        priorities=file.intake.priorities,
        channels=file.intake.channels,
        promise=file.promise,
        follow_up=file.follow_up,
        verification=file.verification,
        identification=file.identification,
    )
    return Policy(
        version=file.version,
        effective_from=file.effective_from,
        case=case,
        handoff=_handoff(file, calendars),
        incident=_incident(file, calendars),
        duty=DutyPolicy(**_pinned(file, file.duty.escalation, calendars)) if file.duty else None,
        privacy=_privacy(file, calendars),
        audit=file.audit,
        courses=file.training.courses,
        retention=file.retention,
        training_valid_for=file.training.valid_for,
        training_warn_before=file.training.warn_before,
        review_every=file.review.every,
        review_within=file.review.within,
        language=file.language,
        digest=digest,
    )


def _handoff(file: PolicyFile, calendars: dict[str, Calendar]) -> HandoffPolicy | None:
    if file.handoff is None or file.identification is None:
        return None
    return HandoffPolicy(
        **_pinned(file, file.handoff.escalation, calendars, HANDOFF_MESSAGES),
        identification=file.identification,
        handoff=HandoffRule.model_validate(file.handoff.model_dump()),
    )


def _incident(file: PolicyFile, calendars: dict[str, Calendar]) -> IncidentPolicy | None:
    if file.incident is None:
        return None
    return IncidentPolicy(
        **_pinned(file, file.incident.escalation, calendars),
        incident=IncidentRule.model_validate(file.incident.model_dump()),
    )


def _privacy(file: PolicyFile, calendars: dict[str, Calendar]) -> PrivacyPolicy | None:
    if file.privacy is None:
        return None
    return PrivacyPolicy(
        **_pinned(file, file.privacy.escalation, calendars),
        privacy=PrivacyRule.model_validate(file.privacy.model_dump()),
        retention=file.retention,
    )


def _pinned(
    file: PolicyFile,
    rungs: tuple[Rung, ...],
    calendars: dict[str, Calendar],
    messages: Iterable[str] = (),
    also: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what any case is pinned to; calendars that none of its clocks runs on stay behind."""
    used = {*also, *(rung.calendar for rung in rungs)}
    return {
        "version": file.version,
        "desk": file.desk,
        "calendars": {name: calendars[name] for name in calendars if name in used},
        "escalation": rungs,
        "paging": file.paging,
        "messages": {name: file.messages[name] for name in messages},
    }
