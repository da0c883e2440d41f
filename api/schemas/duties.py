"""What is shown of the duties of the schedules, and what is reported of them (INQ-8, HOF-6)."""

from pydantic import Field

from api.schemas.inquiries import Cursor, PageLinks
from api.schemas.steps import StepReceipt
from api.schemas.values import Moment, Request, ShortTextIn, TextIn, View
from sop.duty.models import DutyKind, DutyOutcome, DutyStage
from sop.models import Principal, Role


class DutyLinks(View):
    """Where to go from a duty."""

    self: str = Field(description="The duty.", examples=["/v1/duties/duty-review-1.0.0-1"])
    timeline: str = Field(description="Everything that happened.")
    temporal: str = Field(description="The duty in the Temporal UI.")


class DutyView(View):
    """A duty: a review of the procedure, a training reminder, an audit of a closed case."""

    resource = "duty"

    duty_id: str = Field(description="The duty's id.")
    kind: DutyKind = Field(description="What it is.")
    stage: DutyStage = Field(description="Where it stands.")
    clause: str = Field(description="The clause that asks for it.", examples=["HOF-6.2"])
    subject: str = Field(description="What is to be done.")
    about: str | None = Field(description="The policy's version, the person, or the case.")
    role: Role = Field(description="Who does it.")
    assignee: str | None = Field(description="Whom it is assigned to.")
    holder: str | None = Field(description="Who has it now.")
    escalation_level: int = Field(description="How high it has been escalated; 0: not.")
    opened_at: Moment = Field(description="When it was opened.")
    due_at: Moment = Field(description="Until when it must be done.")
    next_deadline: Moment | None = Field(description="When it acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
    done_at: Moment | None = Field(description="When it ended.")
    done_by: str | None = Field(description="Who ended it.")
    outcome: DutyOutcome | None = Field(description="What came of it.")
    findings: str | None = Field(description="What was found; null: not for your role.")
    policy_version: str = Field(description="The policy under which it began.")
    links: DutyLinks = Field(description="Where to go from here.")


class DutyQuery(Request):
    """Which duties a list shows."""

    kind: DutyKind | None = Field(None, description="Only this kind.")
    assignee: Principal | None = Field(None, description="Only what is assigned to this person.")
    open: bool = Field(default=False, description="true: without those that have ended.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Duties on a page.")


class DutyPage(View):
    """A page of duties: the next deadline first, those without one last."""

    duties: list[DutyView] = Field(description="The duties.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")


class CompleteDutyIn(Request):
    """What came of a duty."""

    outcome: DutyOutcome = Field(
        description="A review ends as done or finding, a reminder as done, an audit as no_finding, "
        "finding or breach."
    )
    findings: TextIn | None = Field(
        None,
        description="What was found; needed with finding and breach.",
        examples=["The customer was told of the handoff only after the transfer."],
    )


class AssignDutyIn(Request):
    """Whom a duty is assigned to."""

    assignee: Principal = Field(description="Who sees to it.", examples=["quinn"])
    reason: ShortTextIn | None = Field(None, description="Why.")


class DutyReceipt(StepReceipt[DutyStage]):
    """What a step did in a duty."""

    advice: str | None = Field(
        description="What must be done besides: after a breach, an incident is opened (HOF-6.3)."
    )
