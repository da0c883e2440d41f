"""Opening an incident, its steps, and what is shown of incidents and reports."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.handoffs import ReportView
from api.schemas.inquiries import Cursor, Links, PageLinks
from api.schemas.values import InstantIn, Moment, Request, ShortTextIn, TextIn, View
from sop.incident.models import IncidentStage
from sop.models import Principal, Slug
from sop.registers import ReportKind

CaseIdIn = Annotated[str, Field(pattern=r"^(inquiry|handoff)-[a-z0-9]{8,40}$")]
AnyCaseIdIn = Annotated[str, Field(pattern=r"^(inquiry|handoff|incident)-[a-z0-9]{8,40}$")]


class IncidentIn(Request):
    """A breach of the procedure (HOF-6.3)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "clause": "HOF-5.2",
                    "subject": "A letter to the wrong customer",
                    "text": "A letter with another customer's account number went out.",
                    "known_at": "2026-11-23T14:05:00Z",
                }
            ]
        }
    )

    clause: Annotated[str, Field(pattern=r"^(INQ|HOF)-[0-9.]{1,10}$")] = Field(
        description="The clause that was not kept.", examples=["HOF-5.2"]
    )
    subject: ShortTextIn = Field(description="What happened, in a line.")
    text: TextIn = Field(description="What happened.")
    case_id: CaseIdIn | None = Field(
        None,
        description="The inquiry or handoff in which it happened.",
        examples=["inquiry-5f0c2a9b71d3e84c"],
    )
    known_at: InstantIn | None = Field(
        None,
        description="When somebody of the company knew; else now. The regulator's clock counts "
        "from it.",
        examples=["2026-11-23T14:05:00Z"],
    )


class AddActionIn(Request):
    """A corrective action: what is mended, by whom and by when."""

    action: Slug = Field(
        description="Its name within the incident; no person's.", examples=["print_labels"]
    )
    description: ShortTextIn = Field(description="What is to be done.")
    owner: Principal = Field(description="Who does it.", examples=["ben"])
    due_at: InstantIn = Field(description="By when.", examples=["2026-11-30T12:00:00Z"])


class CompleteActionIn(Request):
    """What came of a corrective action."""

    result: ShortTextIn = Field(description="The result.")


class InformRegulatorIn(Request):
    """The notice to the regulator."""

    informed_at: InstantIn = Field(
        description="When the regulator was told.", examples=["2026-11-24T09:30:00Z"]
    )
    reference: ShortTextIn = Field(description="Under which the regulator has it.")


class CloseIncidentIn(Request):
    """How the incident ended."""

    root_cause: TextIn = Field(description="What caused it.")
    changed: TextIn = Field(description="What was changed, so that it does not come again.")


class AssignIncidentIn(Request):
    """Who sees to the incident."""

    assignee: Principal = Field(description="The person.", examples=["ana"])
    reason: ShortTextIn | None = Field(None, description="Why.")


class IncidentOpened(View):
    """An incident that was opened, by this request or by an earlier one with the same key."""

    case_id: str = Field(description="The incident's id.", examples=["incident-5f0c2a9b71d3e84c"])
    created: bool = Field(description="False: an earlier request with this key opened it.")
    links: Links = Field(description="Where to go from here.")


class ActionView(View):
    """A corrective action."""

    resource = "corrective_action"

    action: str = Field(description="Its name within the incident.")
    description: str | None = Field(description="What is to be done; null: not for your role.")
    owner: str = Field(description="Who does it.")
    opened_at: Moment = Field(description="When it was taken up.")
    due_at: Moment = Field(description="By when.")
    overdue_at: Moment | None = Field(description="When it was noticed to be overdue.")
    done_at: Moment | None = Field(description="When it was completed.")
    done_by: str | None = Field(description="Who said so.")
    result: str | None = Field(description="What came of it; null: not for your role.")


class IncidentSummary(View):
    """An incident as a list shows it."""

    resource = "incident"

    recorded: Literal[True] = Field(default=True, description="The CRM has the incident.")
    incident_id: str = Field(description="The incident's id.")
    case_id: str | None = Field(description="The inquiry or handoff in which it happened.")
    version: int = Field(description="The number of the last journal entry that is shown here.")
    stage: IncidentStage = Field(description="Where the incident stands.")
    clause: str = Field(description="The clause that was not kept.")
    subject: str | None = Field(description="What happened, in a line; null: not for your role.")
    opened_by: str = Field(description="Who opened it.")
    holder: str | None = Field(description="Who has it now: who took the highest escalation.")
    escalation_level: int = Field(description="The highest level that is escalated to; 0: none.")
    known_at: Moment = Field(description="When somebody of the company knew.")
    regulator_due_at: Moment = Field(description="By when the regulator must be told.")
    regulator_informed_at: Moment | None = Field(description="When the regulator was told.")
    regulator_reference: str | None = Field(description="Under which the regulator has it.")
    regulator_decision: str | None = Field(
        description="Why the regulator need not be told; null: not for your role."
    )
    actions: list[ActionView] = Field(description="The corrective actions.")
    received_at: Moment = Field(description="When it was reported.")
    next_deadline: Moment | None = Field(description="When the incident acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
    closed_at: Moment | None = Field(description="When it was closed.")
    closed_by: str | None = Field(description="By whom.")
    outcome: str | None = Field(
        description="What caused it, and what was changed; null: not for your role."
    )
    policy_version: str = Field(description="The policy version that it is pinned to.")
    opened_at: Moment = Field(description="When its workflow began.")
    updated_at: Moment = Field(description="When the workflow wrote what is shown here.")
    links: Links = Field(description="Where to go from here.")


class IncidentDetail(IncidentSummary):
    """An incident, whole."""

    text: str | None = Field(description="What happened; null: not for your role.")


class UnrecordedIncident(View):
    """An incident that is safe in its workflow, while the CRM does not have it yet."""

    recorded: Literal[False] = Field(
        default=False, description="The CRM will have the incident shortly."
    )
    incident_id: str = Field(description="The incident's id.")
    links: Links = Field(description="Where to go from here.")


class IncidentQuery(Request):
    """Which incidents a list shows."""

    case_id: CaseIdIn | None = Field(None, description="Only those of this inquiry or handoff.")
    open: bool = Field(default=False, description="true: without the closed ones.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Incidents on a page.")


class IncidentPage(View):
    """A page of incidents: the next deadline first, those without one last."""

    incidents: list[IncidentSummary] = Field(description="The incidents.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")


class ReportQuery(Request):
    """Which exception and incident reports a list shows."""

    kind: ReportKind | None = Field(None, description="Only of this kind.")
    case_id: AnyCaseIdIn | None = Field(
        None, description="Only those of this case, and of the incidents that happened in it."
    )
    at_from: InstantIn | None = Field(
        None,
        alias="from",
        description="Only those written then or later. Write + in an offset as %2B.",
        examples=["2026-11-01T00:00:00Z"],
    )
    at_before: InstantIn | None = Field(
        None,
        alias="to",
        description="Only those written before.",
        examples=["2026-12-01T00:00:00Z"],
    )
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Reports on a page.")


class FiledReportView(ReportView):
    """An exception or incident report, and where it was filed (HOF-7.3)."""

    reference: str | None = Field(
        description="What the incident management system calls it; null: it does not have it yet."
    )
    filed_at: Moment | None = Field(description="When it was filed there.")


class FiledReportPage(View):
    """A page of reports."""

    reports: list[FiledReportView] = Field(description="The oldest first.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")
    links: PageLinks = Field(description="Where to go from here.")
