"""Batches as the workflows flush them, with the values that a test does not care about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sop.identity import Form, FormResult
from sop.models import (
    Actor,
    CaseRecord,
    Channel,
    Customer,
    Entry,
    EscalationRecord,
    Opening,
    OutboxMessage,
    Role,
    Stage,
    TaskKind,
    TaskRecord,
    VerificationOutcome,
)
from sop.outgoing import FlushBatch, Outgoing
from sop.registers import HandoffConfirmation, IncidentReport, ReportKind, VerificationRecord

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANNA = Actor(principal="anna", role=Role.CSR)


class Clock:
    """Stands still, on that Monday, until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def after(seconds: float) -> datetime:
    """Return a moment after the case was opened."""
    return MONDAY + timedelta(seconds=seconds)


def entry(seq: int, entry_id: str | None = None, **changes: Any) -> Entry:
    fields = {"at": MONDAY, "actor": ANNA, "kind": "note.added", **changes}
    return Entry(seq=seq, entry_id=entry_id or f"update-{seq}#0", **fields)


def opening(**changes: Any) -> Opening:
    fields = {
        "customer": Customer(customer_id="c-7", name="Ada Byron", email="ada@example.org"),
        "subject": "Charged twice",
        "text": "My card was charged twice for one order.",
        "request_digest": "d1",
        **changes,
    }
    return Opening(**fields)


def case(version: int, case_id: str = "C-1", **changes: Any) -> CaseRecord:
    fields = {
        "customer_id": "c-7",
        "channel": Channel.EMAIL,
        "stage": Stage.RECEIVED,
        "received_at": MONDAY,
        **changes,
    }
    return CaseRecord(case_id=case_id, version=version, **fields)


def task(task_id: str, case_id: str = "C-1", **changes: Any) -> TaskRecord:
    fields = {
        "kind": TaskKind.FOLLOW_UP_CALL,
        "opened_at": MONDAY,
        "due_at": after(3600),
        **changes,
    }
    return TaskRecord(task_id=task_id, case_id=case_id, **fields)


def message(message_id: str, case_id: str = "C-1", **changes: Any) -> OutboxMessage:
    fields = {
        "recipient": "customer:c-7",
        "topic": "resolution",
        "body": "Resolved.",
        "created_at": MONDAY,
        **changes,
    }
    return OutboxMessage(message_id=message_id, case_id=case_id, **fields)


def rung(name: str = "complaint", case_id: str = "C-1", **changes: Any) -> EscalationRecord:
    return EscalationRecord(case_id=case_id, rung=name, **changes)


def verification(verification_id: str, case_id: str = "C-1", **changes: Any) -> VerificationRecord:
    fields = {
        "customer_id": "c-7",
        "at": MONDAY,
        "representative": "anna",
        "role": Role.CSR,
        "attempt": 1,
        "forms": (FormResult(form=Form.PASSPORT, matched=True),),
        "outcome": VerificationOutcome.VERIFIED,
        "reason": "matched",
        **changes,
    }
    return VerificationRecord(verification_id=verification_id, case_id=case_id, **fields)


def confirmation(confirmation_id: str, case_id: str = "C-1", **changes: Any) -> HandoffConfirmation:
    fields = {
        "customer_id": "c-7",
        "outcome": "accepted",
        "sender": "anna",
        "receiving_party": "warehouse",
        "receiving_party_name": "The warehouse",
        "channel": "crm",
        "items": ("card", "letter"),
        "transferred_at": MONDAY,
        "sender_custody_from": MONDAY,
        "confirmed_at": after(60),
        **changes,
    }
    return HandoffConfirmation(confirmation_id=confirmation_id, case_id=case_id, **fields)


def incident_report(report_id: str, case_id: str = "C-1", **changes: Any) -> IncidentReport:
    fields = {
        "kind": ReportKind.OVERRIDE,
        "clause": "HOF-4.1.4",
        "at": MONDAY,
        "reported_by": "lena",
        "manager": Role.DUTY_MANAGER,
        "text": "Discrepancy 1 was approved by lena.",
        **changes,
    }
    return IncidentReport(report_id=report_id, case_id=case_id, **fields)


def flush(
    *entries: Entry,
    case_id: str = "C-1",
    at: datetime = MONDAY,
    row: CaseRecord | None = None,
    **outgoing: Any,
) -> FlushBatch:
    """Return what the case's own workflow flushes; the row stands after the last entry."""
    return FlushBatch(
        stream=f"inquiry-{case_id}",
        case_id=case_id,
        case=row or case(entries[-1].seq, case_id),
        outgoing=Outgoing(entries=entries, **outgoing),
        at=at,
    )


def opened(case_id: str = "C-1", *, at: datetime = MONDAY, **changes: Any) -> FlushBatch:
    """Return the first flush of a case."""
    return flush(entry(1, "open#0"), case_id=case_id, at=at, opening=opening(), **changes)


def paged(*entries: Entry, at: datetime = MONDAY, **outgoing: Any) -> FlushBatch:
    """Return what the escalation of a complaint flushes."""
    return FlushBatch(
        stream="escalation-C-1-complaint-1",
        case_id="C-1",
        outgoing=Outgoing(entries=entries, **outgoing),
        at=at,
    )
