"""The shape of the policy file: its tables and keys, as people write them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from sop.identity import PRIMARY, Form
from sop.models import Channel, Payload, Priority, Role, Slug
from sop.policy import (
    ON_CALL,
    AuditRule,
    Course,
    Desk,
    HandoffRule,
    IdentificationRule,
    IncidentRule,
    Paging,
    PinnedPolicy,
    Policy,
    PrivacyRule,
    Rung,
    Starts,
)
from sop.policy_rules import (
    FollowUpRule,
    Language,
    Message,
    PromiseRule,
    Retention,
    VerificationRule,
)
from sop.toml_statements import KeyPath

_YEAR = timedelta(days=366)

CLAUSES_OF_LIMITS: Mapping[KeyPath, str] = MappingProxyType(
    {
        ("retention", "inquiry", "ge"): "INQ-7.1",
        ("retention", "verification", "ge"): "HOF-7.1",
        ("retention", "handoff", "ge"): "HOF-7.2",
        ("retention", "incident", "ge"): "HOF-7.3",
        ("retention", "access_log", "ge"): "INQ-7.1",
        ("training", "valid_for", "le"): "HOF-6.1",
        ("review", "every", "le"): "INQ-8.1",
        ("handoff", "return_after", "le"): "HOF-4.2.5",
        ("incident", "regulator_within", "le"): "HOF-6.3",
        ("privacy", "gdpr_months", "le"): "HOF-5.1",
        ("privacy", "gdpr_extension_months", "le"): "HOF-5.1",
        ("privacy", "ccpa_days", "le"): "HOF-5.1",
        ("privacy", "ccpa_extension_days", "le"): "HOF-5.1",
    }
)
"""The limits that are the procedures' own: the key's path, and which of its limits it is."""

STAFF = (Role.CSR, *ON_CALL, Role.RECEIVING_PARTY)
"""The roles of people who can be trained."""


@dataclass(frozen=True)
class Matrix:
    """One of the escalation matrices of the file.

    Attributes:
        path: Where it stands.
        cases: What escalates by it, in the plural.
        starts: The facts from which its rungs can be counted.
        pinned: Returns the part of a policy that holds it; None where the file has none.
    """

    path: KeyPath
    cases: str
    starts: tuple[Starts, ...]
    pinned: Callable[[Policy], PinnedPolicy | None]

    @property
    def is_of_inquiries(self) -> bool:
        """Only inquiries have categories and priorities, and wait for the customer."""
        return self.path == ("escalation",)

    def rungs(self, policy: Policy) -> tuple[Rung, ...]:
        """Return its rows in a policy; none where the file has no such matrix."""
        pinned = self.pinned(policy)
        return pinned.escalation if pinned else ()


MATRICES = (
    Matrix(
        ("escalation",),
        "inquiries",
        (Starts.RECEIPT, Starts.UNRESOLVED, Starts.FOLLOW_UP_OVERDUE, Starts.DISCREPANCY),
        lambda policy: policy.case,
    ),
    Matrix(
        ("handoff", "escalation"),
        "handoffs",
        (Starts.DISCREPANCY, Starts.TRANSFER, Starts.RETURN),
        lambda policy: policy.handoff,
    ),
    Matrix(
        ("incident", "escalation"),
        "incidents",
        (Starts.BREACH,),
        lambda policy: policy.incident,
    ),
    Matrix(
        ("duty", "escalation"),
        "reviews, reminders and audits",
        (Starts.DUTY_OVERDUE,),
        lambda policy: policy.duty,
    ),
    Matrix(
        ("privacy", "escalation"),
        "privacy requests",
        (Starts.PRIVACY_REQUEST,),
        lambda policy: policy.privacy,
    ),
)
"""All of them, in the order in which they are shown."""

_KNOWN: Mapping[KeyPath, tuple[str, ...]] = MappingProxyType(
    {
        ("identification", "primary"): tuple(form for form in Form if form in PRIMARY),
        ("identification", "secondary"): tuple(form for form in Form if form not in PRIMARY),
        ("audit", "to"): ON_CALL,
    }
)


def known_at(path: KeyPath) -> tuple[str, ...] | None:
    """Return the words that a place of the file knows, if fewer than its type; else None."""
    if path[:2] == ("training", "courses") and "roles" in path:
        return STAFF
    for matrix in MATRICES:
        if path[: len(matrix.path)] == matrix.path:
            key = path[len(matrix.path) + 1] if len(path) > len(matrix.path) + 1 else ""
            return ON_CALL if key in {"to", "chain"} else matrix.starts if key == "starts" else None
    return _KNOWN.get(path[:2])


class CalendarTable(Payload):
    """A business calendar: its holidays are a country's, changed by hand.

    Attributes:
        closed_on: Dates on which the desk is closed besides.
        open_on: Holidays on which it works all the same.
    """

    time_zone: str
    country: Annotated[str, Field(min_length=1)] | None = None
    subdivision: Annotated[str, Field(min_length=1)] | None = None
    closed_on: tuple[date, ...] = ()
    open_on: tuple[date, ...] = ()
    mon: tuple[str, ...] = ()
    tue: tuple[str, ...] = ()
    wed: tuple[str, ...] = ()
    thu: tuple[str, ...] = ()
    fri: tuple[str, ...] = ()
    sat: tuple[str, ...] = ()
    sun: tuple[str, ...] = ()


class IntakeTable(Payload):
    """What an inquiry can be."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    categories: Annotated[tuple[Slug, ...], Field(min_length=1)]
    priorities: Annotated[tuple[Priority, ...], Field(min_length=1)]


class TrainingTable(Payload):
    """How long training counts, and when its end is announced (INQ-8.2, HOF-6.1)."""

    valid_for: Annotated[timedelta, Field(gt=timedelta(0), le=_YEAR)]
    warn_before: Annotated[timedelta, Field(ge=timedelta(0))]
    courses: tuple[Course, ...] = ()


class ReviewTable(Payload):
    """How often the procedure is reviewed (INQ-8.1).

    Attributes:
        within: From the opening of the review until it must be done.
    """

    every: Annotated[timedelta, Field(gt=timedelta(0), le=_YEAR)]
    within: Annotated[timedelta, Field(gt=timedelta(0))] | None = None


class HandoffTable(HandoffRule):
    """The handoff procedure, with its own escalation matrix."""

    escalation: Annotated[tuple[Rung, ...], Field(min_length=1)]


class IncidentTable(IncidentRule):
    """A breach, with its own escalation matrix."""

    escalation: Annotated[tuple[Rung, ...], Field(min_length=1)]


class PrivacyTable(PrivacyRule):
    """Privacy requests, with their own escalation matrix."""

    escalation: Annotated[tuple[Rung, ...], Field(min_length=1)]


class DutyTable(Payload):
    """What the schedules open: whom an overdue one reaches."""

    escalation: Annotated[tuple[Rung, ...], Field(min_length=1)]


class PolicyFile(Payload):
    """The whole file."""

    version: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    effective_from: date
    desk: Desk
    calendars: Annotated[dict[Slug, CalendarTable], Field(default_factory=dict)]
    intake: IntakeTable
    verification: VerificationRule
    escalation: Annotated[tuple[Rung, ...], Field(min_length=1)]
    paging: Paging
    promise: PromiseRule
    follow_up: FollowUpRule
    retention: Retention
    training: TrainingTable
    review: ReviewTable
    language: Language
    messages: dict[Slug, Message]
    identification: IdentificationRule | None = None
    handoff: HandoffTable | None = None
    incident: IncidentTable | None = None
    audit: AuditRule | None = None
    duty: DutyTable | None = None
    privacy: PrivacyTable | None = None
