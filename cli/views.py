"""`handrail views`: the lists of the Temporal UI that operations work from, as links."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from runtime.errors import OperatorError
from runtime.places import locate
from runtime.settings import load_settings
from runtime.temporal import configured_namespace, ui_list_link
from sop.models import Principal

SOON = timedelta(hours=2)

_CASES = "WorkflowType = 'InquiryWorkflow' AND ExecutionStatus = 'Running'"
_HANDOFFS = "WorkflowType = 'HandoffWorkflow' AND ExecutionStatus = 'Running'"
_INCIDENTS = "WorkflowType = 'IncidentWorkflow' AND ExecutionStatus = 'Running'"
_PRIVACY = "WorkflowType = 'PrivacyRequestWorkflow' AND ExecutionStatus = 'Running'"
_DUTIES = "WorkflowType = 'DutyWorkflow' AND ExecutionStatus = 'Running'"
_ALL = (
    "WorkflowType IN ('InquiryWorkflow', 'HandoffWorkflow', 'IncidentWorkflow', 'DutyWorkflow', "
    "'PrivacyRequestWorkflow') AND ExecutionStatus = 'Running'"
)
_ESCALATIONS = "WorkflowType = 'EscalationWorkflow' AND ExecutionStatus = 'Running'"
_PRINCIPAL: TypeAdapter[str] = TypeAdapter(Principal)


@dataclass(frozen=True, slots=True)
class View:
    """One list of the Temporal UI.

    Attributes:
        query: May hold `{soon}`, since the server compares with a written moment only and knows
            no now; and `{assignee}`.
    """

    name: str
    shows: str
    query: str

    def filled(self, *, soon: datetime, assignee: str = "") -> str:
        """Return the query as the server takes it."""
        moment = soon.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.query.replace("{soon}", moment).replace("{assignee}", assignee)


VIEWS = (
    View("Open cases", "every inquiry that is not closed", _CASES),
    View(
        "Breaching within two hours",
        "cases of every kind that act by themselves by then",
        f"{_ALL} AND CaseNextDeadline < '{{soon}}'",
    ),
    View(
        "Escalated, not acknowledged",
        "escalations that page, and that nobody has taken",
        f"{_ESCALATIONS} AND CaseStage = 'paging'",
    ),
    View(
        "Escalated, acknowledged",
        "escalations that somebody has taken; the assignee is who",
        f"{_ESCALATIONS} AND CaseStage = 'acknowledged'",
    ),
    View("Escalated cases", "cases with an escalation", f"{_ALL} AND CaseEscalationLevel > 0"),
    View(
        "Waiting for the customer",
        "cases in which the customer owes an answer",
        f"{_CASES} AND CaseStage = 'waiting_for_customer'",
    ),
    View(
        "Follow-up due",
        "resolved cases whose contact with the customer is to be made now",
        f"{_CASES} AND CaseStage = 'follow_up_due'",
    ),
    View("Urgent", "urgent cases", f"{_CASES} AND CasePriority = 'urgent'"),
    View("Unassigned", "cases without a representative", f"{_CASES} AND CaseAssignee IS NULL"),
    View(
        "One person's", "one representative's cases", f"{_CASES} AND CaseAssignee = '{{assignee}}'"
    ),
    View("Open handoffs", "every handoff that has not ended", _HANDOFFS),
    View(
        "Handoffs to be decided",
        "handoffs that a discrepancy has stopped: a supervisor decides",
        f"{_HANDOFFS} AND CaseStage = 'stopped'",
    ),
    View(
        "Handoffs not acknowledged",
        "handoffs that are offered to the receiving party",
        f"{_HANDOFFS} AND CaseStage = 'offered'",
    ),
    View(
        "Handoffs that came back",
        "handoffs whose custody is the sender's again: to be transferred anew, or concluded",
        f"{_HANDOFFS} AND CaseStage = 'returned'",
    ),
    View("Open incidents", "breaches that are not mended yet", _INCIDENTS),
    View("Open privacy requests", "erasures, exports and holds that are not over", _PRIVACY),
    View("Open duties", "reviews, training reminders and audits that nobody has done", _DUTIES),
    View(
        "Standing still",
        "cases and escalations whose code fails again and again",
        "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL",
    ),
)


def views(
    assignee: Annotated[
        str | None, typer.Option(help="Whose cases the list of one person's shows.")
    ] = None,
) -> None:
    """Print the links to the lists of the Temporal UI. One that holds a moment is good for now."""
    if assignee is not None:
        _check(assignee)
    settings = load_settings()
    ui, namespace = settings.temporal_ui_url, configured_namespace()
    ui = ui or locate(settings.state_dir).ui_url
    soon = datetime.now(UTC) + SOON
    for view in VIEWS:
        if assignee is None and "{assignee}" in view.query:
            continue
        query = view.filled(soon=soon, assignee=assignee or "")
        typer.echo(f"{view.name}: {view.shows}")
        typer.echo(f"  {ui_list_link(ui, namespace, query)}")


def _check(assignee: str) -> None:
    try:
        _PRINCIPAL.validate_python(assignee)
    except ValidationError:
        raise OperatorError(
            f'"{assignee}" cannot be an assignee: write the id that the cases bear, such as `ana`.'
        ) from None
