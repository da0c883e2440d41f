"""What a workflow has for the CRM: collected by a case, written by a flush."""

from pydantic import AwareDatetime

from sop.duty.models import DutyRow
from sop.handoff.models import HandoffRow
from sop.incident.models import IncidentRow
from sop.models import (
    CaseRecord,
    Entry,
    EscalationRecord,
    Opening,
    OutboxMessage,
    Payload,
    TaskRecord,
)
from sop.privacy.models import PrivacyRow
from sop.registers import HandoffConfirmation, IncidentReport, VerificationRecord


class Outgoing(Payload):
    """Everything that waits for the next flush, in the order in which it happened.

    Attributes:
        row_changed: The case's row changed without an entry: its escalation has the entry.
    """

    entries: tuple[Entry, ...] = ()
    escalations: tuple[EscalationRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    messages: tuple[OutboxMessage, ...] = ()
    opening: Opening | None = None
    row_changed: bool = False
    verifications: tuple[VerificationRecord, ...] = ()
    confirmations: tuple[HandoffConfirmation, ...] = ()
    reports: tuple[IncidentReport, ...] = ()

    def first_seq(self, last: int) -> int:
        """Return the first waiting entry's number, or the one after `last` where none waits."""
        return self.entries[0].seq if self.entries else last + 1


class FlushBatch(Payload):
    """One flush: written in one SQL transaction, and once however often it is retried.

    Attributes:
        stream: The workflow id of the single writer; (stream, seq) numbers its entries.
        case_id: The case whose timeline the entries belong to.
        case: An inquiry's row after the last entry; `handoff`, `incident`, `duty` and `privacy`
            are those of the others, and none is given when an escalation flushes.
        at: The moment of the workflow task; a task that is done again has a later one.
    """

    stream: str
    case_id: str
    case: CaseRecord | None = None
    handoff: HandoffRow | None = None
    incident: IncidentRow | None = None
    duty: DutyRow | None = None
    privacy: PrivacyRow | None = None
    outgoing: Outgoing
    at: AwareDatetime
