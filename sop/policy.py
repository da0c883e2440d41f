"""The approved numbers, as validated values. `sop/policy_file.py` reads them from a file.

No number, role, channel or retention time of the procedures stands anywhere else.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sop.calendar import Calendar
from sop.models import Channel, Payload, Priority, Role, ShortText, Slug

Duration = Annotated[timedelta, Field(ge=timedelta(0))]

ON_CALL = (Role.TEAM_LEADER, Role.SUBJECT_MATTER_EXPERT, Role.QUALITY_MANAGER, Role.DUTY_MANAGER)
"""The roles that can be paged."""


class Starts(StrEnum):
    """The fact from which a rung's time is counted."""

    RECEIPT = "receipt"
    UNRESOLVED = "unresolved"
    FOLLOW_UP_OVERDUE = "follow_up_overdue"


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


class PromiseRule(Payload):
    """The estimated response time told to the customer (INQ-4.4.3).

    Attributes:
        longest: A promise further away is refused.
        warn_at: Share of the promised time at which the holder is warned.
    """

    longest: Annotated[timedelta, Field(gt=timedelta(0))]
    warn_at: Annotated[float, Field(gt=0, lt=1)] | None = None


class FollowUpRule(Payload):
    """The contact after resolution (INQ-4.6.1).

    Attributes:
        after: From resolution to the first attempt.
        every: From an attempt that did not reach the customer to the next.
        attempts: After so many the outcome `not_reached` stands and the case may close.
    """

    after: Duration
    every: Annotated[timedelta, Field(gt=timedelta(0))]
    attempts: Annotated[int, Field(ge=1, le=20)]
    calendar: Slug = "always"


class VerificationRule(Payload):
    """Identity check (INQ-4.3)."""

    forms: tuple[Slug, ...]
    general_information_exempt: bool = False


class Message(Payload):
    """A template in two registers: plain, and for customers who know the terms (INQ-5.2)."""

    plain: str
    technical: str = ""


class Language(Payload):
    """What counts as plain language (INQ-5.1, INQ-5.2).

    Attributes:
        max_words: Longest sentence.
        jargon: Words and phrases kept from customers who do not know the terms.
    """

    max_words: Annotated[int, Field(ge=1)]
    jargon: tuple[str, ...] = ()


class Retention(Payload):
    """Months that a record class is kept after its case has closed (INQ-7.1, HOF-7)."""

    inquiry: Annotated[int, Field(ge=12)]
    verification: Annotated[int, Field(ge=36)]
    handoff: Annotated[int, Field(ge=36)]
    incident: Annotated[int, Field(ge=60)]


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


class CasePolicy(Payload):
    """The part of the policy that a case is pinned to; travels in the workflow's input."""

    version: str
    desk: Desk
    calendars: dict[str, Calendar] = Field(default={})
    categories: tuple[Slug, ...]
    priorities: tuple[Priority, ...] = tuple(Priority)
    channels: tuple[Channel, ...] = tuple(Channel)
    escalation: tuple[Rung, ...]
    paging: Paging
    promise: PromiseRule
    follow_up: FollowUpRule
    verification: VerificationRule
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


class Policy(Payload):
    """The whole policy file.

    Attributes:
        language: The rule that the messages were checked against; None if built without a file.
        digest: SHA-256 of the file's text: which wording was approved.
    """

    version: str
    effective_from: date
    case: CasePolicy
    retention: Retention
    training_valid_for: timedelta
    training_warn_before: timedelta
    review_every: timedelta
    language: Language | None = None
    digest: str = ""

    @model_validator(mode="after")
    def _one_version(self) -> Self:
        if self.version != self.case.version:
            raise ValueError("the case policy must bear the policy's version")
        return self
