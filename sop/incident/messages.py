"""What people report about an incident: one frozen model per Update (HOF-6.3)."""

from typing import ClassVar

from pydantic import AwareDatetime

from sop.incident.models import IncidentOpening
from sop.messages import Command
from sop.models import Actor, Payload, Principal, ShortText, Slug, Text
from sop.policy import IncidentPolicy


class AddAction(Command):
    """Say what is mended, by whom and by when."""

    step: ClassVar[str] = "add_action"
    action: Slug
    description: ShortText
    owner: Principal
    due_at: AwareDatetime


class CompleteAction(Command):
    """Say what came of a corrective action: its owner does, or a manager."""

    step: ClassVar[str] = "complete_action"
    action: Slug
    result: ShortText


class InformRegulator(Command):
    """Record that the regulator was told.

    Attributes:
        informed_at: When; it may lie in the past, but not before the breach was known.
        reference: Under which the regulator has the notice.
    """

    step: ClassVar[str] = "inform_regulator"
    informed_at: AwareDatetime
    reference: ShortText


class DecideNotNotifiable(Command):
    """Decide that the regulator need not be told, as another person than who opened it."""

    step: ClassVar[str] = "decide_not_notifiable"
    reason: ShortText


class CloseIncident(Command):
    """End the incident: every action is done, and the regulator told or not needed."""

    step: ClassVar[str] = "close_incident"
    root_cause: Text
    changed: Text


class AddIncidentNote(Command):
    """Add a note to the journal (HOF-4.3.2)."""

    step: ClassVar[str] = "add_note"
    text: Text


class AssignIncident(Command):
    """Say who sees to the incident."""

    step: ClassVar[str] = "assign"
    assignee: Principal
    reason: ShortText | None = None


class IncidentOrder(Payload):
    """An incident that is to begin: the input of its workflow, as far as it is new."""

    case_id: str
    policy: IncidentPolicy
    opened_by: Actor
    received_at: AwareDatetime
    opening: IncidentOpening
    digest: str = ""
