"""The approved numbers, as validated values. `sop/policy_file.py` reads them from a file.

No number, role, channel or retention time of the procedures stands anywhere else.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sop.calendar import Calendar
from sop.handoff.models import TransferChannel
from sop.identity import Form
from sop.models import Channel, Payload, Priority, Role, ShortText, Slug
from sop.policy_rules import (
    Duration,
    FollowUpRule,
    Language,
    Message,
    PromiseRule,
    Retention,
    VerificationRule,
)

ON_CALL = (
    Role.TEAM_LEADER,
    Role.SUBJECT_MATTER_EXPERT,
    Role.QUALITY_MANAGER,
    Role.DUTY_MANAGER,
    Role.PRIVACY_OFFICER,
)
"""The roles that can be paged."""


class Starts(StrEnum):
    """The fact from which a rung's time is counted."""

    RECEIPT = "receipt"
    UNRESOLVED = "unresolved"
    FOLLOW_UP_OVERDUE = "follow_up_overdue"
    DISCREPANCY = "discrepancy"
    TRANSFER = "transfer"
    RETURN = "return"
    BREACH = "breach"
    DUTY_OVERDUE = "duty_overdue"
    PRIVACY_REQUEST = "privacy_request"


class Rung(Payload):
    """One row of the escalation matrix.

    Attributes:
        rung: Its name, e.g. `complaint`.
        clause: The clause that asks for it.
        starts: The fact from which `after` is counted.
        after: Working time on `calendar` until it is due; zero is at once.
        to: The role that is paged first; `chain` are the roles above it, in order.
        categories: Applies to these categories; with `priorities` and `complex`, any one is
            enough; none of the three given means every inquiry.
        complex: Applies to inquiries marked as complex.
        every_inquiry: Says in the file that a rung from receipt has no condition on purpose; what
            it applies to follows from the three conditions alone.
        pause_while_waiting: The clock stands still while the customer owes an answer.
        warn_at: Share of `after` at which the holder is warned; None for no warning.
    """

    rung: Slug
    clause: str
    starts: Starts = Starts.RECEIPT
    after: Duration
    to: Role
    chain: tuple[Role, ...] = ()
    categories: tuple[Slug, ...] = ()
    priorities: tuple[Priority, ...] = ()
    complex: bool = False
    every_inquiry: bool = False
    calendar: Slug = "always"
    pause_while_waiting: bool = False
    warn_at: Annotated[float, Field(gt=0, lt=1)] | None = None

    @property
    def roles(self) -> tuple[Role, ...]:
        """The chain from the bottom: level 1 is `roles[0]`."""
        return (self.to, *self.chain)


class Paging(Payload):
    """How a page is repeated until a person has taken it.

    Attributes:
        repeat_every: Between two pages to the same role.
        climb_after: A role that has not acknowledged for so long: the next one is paged too.
        acknowledged_for: An acknowledgement is a lease; without work on the case for so long,
            it expires and paging goes on.
    """

    repeat_every: Annotated[timedelta, Field(ge=timedelta(minutes=1))]
    climb_after: Annotated[timedelta, Field(ge=timedelta(minutes=1))]
    acknowledged_for: Annotated[timedelta, Field(ge=timedelta(minutes=1))]


class IdentificationRule(Payload):
    """Who the customer is, and how that is checked (HOF-4.1).

    Attributes:
        primary: Government photo ID that is accepted; `secondary` likewise for the second form.
        security_question: False: the question is not accepted any more.
        attempts_per_call: After so many in one case within `attempts_within` a supervisor decides.
        attempts_per_customer: The same, for one customer within `attempts_within`.
        attempts_per_representative: The same, for one representative, over all customers.
        valid_for: A verified identity is asked for again after so long.
        approval_valid_for: A supervisor's approval must be used within this time (HOF-4.1.4).
    """

    primary: Annotated[tuple[Form, ...], Field(min_length=1)]
    secondary: Annotated[tuple[Form, ...], Field(min_length=1)]
    security_question: bool = True
    attempts_per_call: Annotated[int, Field(ge=1, le=100)]
    attempts_per_customer: Annotated[int, Field(ge=1, le=100)]
    attempts_per_representative: Annotated[int, Field(ge=1, le=10_000)]
    attempts_within: Annotated[timedelta, Field(ge=timedelta(hours=1))]
    valid_for: Annotated[timedelta, Field(ge=timedelta(minutes=1))]
    approval_valid_for: Annotated[timedelta, Field(ge=timedelta(minutes=1))]


class HandoffRule(Payload):
    """How things are handed over (HOF-4.2).

    Attributes:
        channels: The approved ones; every other is refused, and the attempt reported (HOF-4.2.4).
        carriers: The couriers whose tracking is accepted.
        remind_every: Between two reminders to a receiving party that has not answered.
        return_after: Unacknowledged by then, custody returns to the sender (HOF-4.2.5).
    """

    channels: Annotated[tuple[TransferChannel, ...], Field(min_length=1)]
    carriers: tuple[Slug, ...] = ()
    remind_every: Annotated[timedelta, Field(ge=timedelta(minutes=1))]
    return_after: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=24))]


class IncidentRule(Payload):
    """What a breach sets going (HOF-6.3).

    Attributes:
        regulator_within: From knowing of the breach until the regulator must be told.
        warn_at: Shares of that time at which the holder is warned.
    """

    regulator_within: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=72))]
    warn_at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()


class PrivacyRule(Payload):
    """The clocks of privacy requests (HOF-5.1).

    Attributes:
        gdpr_months: Calendar months from receipt until the requester must be answered;
            `gdpr_extension_months` more where the request is extended. `ccpa_days` and
            `ccpa_extension_days` likewise.
        warn_at: Shares of that time at which the holder is warned.
        page_at: The share at which the matrix pages; when the time has passed it does again.
        export_kept_for: How long an export's document may be fetched.
        review_hold_within: A hold is reviewed by then at the latest.
        look_again_every: How often an erasure looks whether what was held may go now.
    """

    gdpr_months: Annotated[int, Field(ge=1, le=1)]
    gdpr_extension_months: Annotated[int, Field(ge=0, le=2)]
    ccpa_days: Annotated[int, Field(ge=1, le=45)]
    ccpa_extension_days: Annotated[int, Field(ge=0, le=45)]
    warn_at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    page_at: Annotated[float, Field(gt=0, lt=1)]
    export_kept_for: Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=90))]
    review_hold_within: Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=366))]
    look_again_every: Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=7))]


class AuditRule(Payload):
    """The audit of closed cases (HOF-6.2).

    Attributes:
        sample: So many closed cases a month, or all where there are fewer.
        to: The role that audits.
        within: From the sampling until the finding must be there.
    """

    sample: Annotated[int, Field(ge=1, le=1000)]
    to: Role
    within: Annotated[timedelta, Field(gt=timedelta(0))]


class Course(Payload):
    """A training that steps of a procedure need (INQ-8.2, HOF-6.1).

    Attributes:
        course: Its name, e.g. `inquiry_handling`.
        procedures: `INQ`, `HOF`: whose steps need it.
        roles: Who needs it; services and operators are no staff.
        revised_on: Since that day it teaches the procedure as it is now: who completed it before
            completes it anew (INQ-8.2: training at each update).
    """

    course: Slug
    procedures: Annotated[tuple[Literal["INQ", "HOF"], ...], Field(min_length=1)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    revised_on: date | None = None


class Desk(Payload):
    """Who the desk is to a customer, and in which zone its people read the clock."""

    name: ShortText
    company: ShortText
    time_zone: str
    contact: ShortText

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return ZoneInfo(self.time_zone)

    def local(self, moment: datetime) -> str:
        """Return a moment as the desk reads it, e.g. `Mon 2026-11-23 14:05 CET`."""
        return moment.astimezone(self.zone).strftime("%a %Y-%m-%d %H:%M %Z")


class PinnedPolicy(Payload):
    """The part of the policy that any case is pinned to; travels in its workflow's input."""

    version: str
    desk: Desk
    calendars: dict[str, Calendar] = Field(default={})
    escalation: tuple[Rung, ...]
    paging: Paging
    messages: dict[str, Message] = Field(default={})

    def calendar(self, name: str) -> Calendar:
        """Return a calendar by name; `always` needs no entry.

        Raises:
            KeyError: No such calendar (the loader refuses such a file).
        """
        return self.calendars[name] if name != "always" else Calendar()

    def rung(self, name: str) -> Rung | None:
        """Return a row of the matrix by name."""
        return next((r for r in self.escalation if r.rung == name), None)


class CasePolicy(PinnedPolicy):
    """What an inquiry is pinned to.

    Attributes:
        identification: None in cases that began under a policy without it.
    """

    categories: tuple[Slug, ...]
    priorities: tuple[Priority, ...] = tuple(Priority)
    channels: tuple[Channel, ...] = tuple(Channel)
    promise: PromiseRule
    follow_up: FollowUpRule
    verification: VerificationRule
    identification: IdentificationRule | None = None


class HandoffPolicy(PinnedPolicy):
    """What a handoff is pinned to."""

    identification: IdentificationRule
    handoff: HandoffRule


class IncidentPolicy(PinnedPolicy):
    """What an incident is pinned to."""

    incident: IncidentRule


class PrivacyPolicy(PinnedPolicy):
    """What a privacy request is pinned to: its clocks, and what is kept however it is asked for."""

    privacy: PrivacyRule
    retention: Retention


class DutyPolicy(PinnedPolicy):
    """What a duty of the schedules is pinned to: a review, a reminder, an audit."""


class Policy(Payload):
    """The whole policy file.

    Attributes:
        language: The rule that the messages were checked against; None if built without a file.
        handoff: None where the file has no `[handoff]`: handoffs are refused then. `incident`,
            `duty` and `privacy` likewise; `audit` None: nothing is audited.
        courses: What staff must be trained in; none: no step asks for training.
        digest: SHA-256 of the file's text: which wording was approved.
    """

    version: str
    effective_from: date
    case: CasePolicy
    handoff: HandoffPolicy | None = None
    incident: IncidentPolicy | None = None
    duty: DutyPolicy | None = None
    privacy: PrivacyPolicy | None = None
    audit: AuditRule | None = None
    courses: tuple[Course, ...] = ()
    retention: Retention
    training_valid_for: timedelta
    training_warn_before: timedelta
    review_every: timedelta
    review_within: timedelta | None = None
    language: Language | None = None
    digest: str = ""

    @model_validator(mode="after")
    def _one_version(self) -> Self:
        if self.version != self.case.version:
            raise ValueError("the case policy must bear the policy's version")
        return self
