"""What people report about a duty: one frozen model per Update (INQ-8.1, HOF-6)."""

from typing import ClassVar

from sop.duty.models import DutyOutcome
from sop.messages import Command
from sop.models import Principal, ShortText, Text


class CompleteDuty(Command):
    """Say what came of the duty.

    Attributes:
        findings: In words; needed where something was found.
    """

    step: ClassVar[str] = "complete_duty"
    outcome: DutyOutcome
    findings: Text | None = None


class AssignDuty(Command):
    """Say who sees to the duty."""

    step: ClassVar[str] = "assign_duty"
    assignee: Principal
    reason: ShortText | None = None


class AddDutyNote(Command):
    """Add a note to the journal."""

    step: ClassVar[str] = "add_note"
    text: Text
