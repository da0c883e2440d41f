"""The desk's tasks, its policy, and the state of the service."""

from datetime import date, timedelta

from pydantic import Field

from api.schemas.inquiries import Links
from api.schemas.values import Moment, Request, View
from sop.models import Channel, Principal, Priority, Slug, TaskKind
from sop.policy import (
    AuditRule,
    Course,
    Desk,
    HandoffRule,
    IdentificationRule,
    IncidentRule,
    Paging,
    PrivacyRule,
    Rung,
)
from sop.policy_rules import FollowUpRule, PromiseRule, Retention, VerificationRule


class TaskQuery(Request):
    """Which tasks a list shows."""

    assignee: Principal | None = Field(None, description="Only this person's tasks.")


class TaskView(View):
    """Work that a person must do."""

    task_id: str = Field(description="The task's id.")
    case_id: str = Field(description="The case's id.")
    kind: TaskKind = Field(description="What is to be done.")
    assignee: str | None = Field(description="Whose task it is; null: anybody's.")
    attempt: int = Field(description="Which attempt it is.")
    opened_at: Moment = Field(description="When it was opened.")
    due_at: Moment = Field(description="When it is due.")
    links: Links = Field(description="The case.")


class TaskList(View):
    """The open tasks, by the moment at which they are due."""

    tasks: list[TaskView] = Field(description="The tasks.")


class HandoffRules(HandoffRule):
    """How things are handed over (HOF-4.2)."""

    escalation: tuple[Rung, ...] = Field(description="The matrix of handoffs.")


class IncidentRules(IncidentRule):
    """What a breach sets going (HOF-6.3)."""

    escalation: tuple[Rung, ...] = Field(description="The matrix of incidents.")


class PrivacyRules(PrivacyRule):
    """The clocks of privacy requests (HOF-5.1)."""

    escalation: tuple[Rung, ...] = Field(description="The matrix of privacy requests.")


class DutyRules(View):
    """Reviews, reminders and audits."""

    escalation: tuple[Rung, ...] = Field(description="Whom an overdue one reaches.")


class TrainingRules(View):
    """What staff must be trained in (INQ-8.2, HOF-6.1)."""

    valid_for: timedelta = Field(description="So long a training counts; P1Y is 365 days.")
    warn_before: timedelta = Field(description="So long before its end that is announced.")
    courses: tuple[Course, ...] = Field(description="The courses; none: no step asks for one.")


class ReviewRules(View):
    """The review of the procedures (INQ-8.1)."""

    every: timedelta = Field(description="Between two reviews; P1Y is 365 days.")
    within: timedelta | None = Field(description="From its opening until it must be done.")


class PolicyView(View):
    """The policy in force. Open cases keep the version under which they began."""

    version: str = Field(description="The version.")
    effective_from: date = Field(description="Since when it is in force.")
    desk: Desk = Field(description="Who the desk is, and its time zone.")
    channels: list[Channel] = Field(description="The channels (INQ-2).")
    categories: list[Slug] = Field(description="The categories (INQ-4.2.1).")
    priorities: list[Priority] = Field(description="The priorities (INQ-4.2.2).")
    escalation: list[Rung] = Field(description="The escalation matrix (INQ-6).")
    paging: Paging = Field(description="How a page is repeated.")
    promise: PromiseRule = Field(description="The response time told to a customer (INQ-4.4.3).")
    follow_up: FollowUpRule = Field(description="The contact after resolution (INQ-4.6).")
    verification: VerificationRule = Field(description="The identity check (INQ-4.3).")
    identification: IdentificationRule | None = Field(
        description="How a customer is identified (HOF-4.1); null: the policy does not say."
    )
    handoff: HandoffRules | None = Field(description="Handoffs; null: the policy has none.")
    incident: IncidentRules | None = Field(description="Incidents; null: the policy has none.")
    duty: DutyRules | None = Field(description="What the schedules open; null: nothing.")
    privacy: PrivacyRules | None = Field(
        description="Requests for erasure and export, and holds; null: none are taken."
    )
    audit: AuditRule | None = Field(description="The audit of closed cases (HOF-6.2); null: none.")
    training: TrainingRules = Field(description="Training.")
    review: ReviewRules = Field(description="The review of the procedures.")
    retention: Retention = Field(
        description="Months that each class of records is kept after closing (INQ-7.1, HOF-7)."
    )


class Alive(View):
    """The process answers."""

    status: str = Field(description="Always `ok`.", examples=["ok"])


class Version(View):
    """What runs here."""

    version: str = Field(description="Handrail's version.", examples=["0.2.0"])
    policy_version: str = Field(description="The policy in force.", examples=["2026.1"])


class ProblemPage(View):
    """What a kind of problem means, and what to do about it."""

    type: str = Field(description="The problem's type.", examples=["/problems/behind-gate"])
    status: int = Field(description="The HTTP status that it comes with.")
    title: str = Field(description="The kind in words.")
    meaning: str = Field(description="What has happened.")
    remedy: str = Field(description="What to do about it.")
