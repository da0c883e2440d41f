"""The shape of the policy file: its tables and keys, as people write them."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from sop.models import Channel, Payload, Priority, Slug
from sop.policy import (
    AuditRule,
    Course,
    Desk,
    HandoffRule,
    IdentificationRule,
    IncidentRule,
    Paging,
    Retention,
    Rung,
)
from sop.policy_rules import FollowUpRule, Language, Message, PromiseRule, VerificationRule

_YEAR = timedelta(days=366)

CLAUSES_OF_LIMITS: dict[tuple[str | int, ...], str] = {
    ("retention", "inquiry"): "INQ-7.1",
    ("retention", "verification"): "HOF-7.1",
    ("retention", "handoff"): "HOF-7.2",
    ("retention", "incident"): "HOF-7.3",
    ("training", "valid_for"): "HOF-6.1",
    ("review", "every"): "INQ-8.1",
}
"""The keys whose limits are the procedures' own."""


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
