"""The facts of one case and its journal, and the verbs in which steps and clock are written.

What every procedure has in common: an inquiry, a handoff, an incident are each one of these.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sop.models import (
    Actor,
    Entry,
    EscalationRecord,
    Opening,
    OutboxMessage,
    Payload,
    TaskRecord,
    VerificationOutcome,
)
from sop.object_rules import ObjectFacts, ObjectKind
from sop.plain_language import render
from sop.policy import PinnedPolicy
from sop.registers import HandoffConfirmation, IncidentReport, RegisterRecord, VerificationRecord
from sop.state import CaseState, RungState

Detail = str | int | float | bool | list[str] | None
P = TypeVar("P", bound=PinnedPolicy)
S = TypeVar("S", bound=CaseState)
R = TypeVar("R", bound=RegisterRecord)

NOT_NEEDED = "the case no longer needs it"


class Addressee(Protocol):
    """A customer who is written to."""

    @property
    def customer_id(self) -> str:
        """Whose address is looked up."""
        ...

    @property
    def technical_terms(self) -> bool:
        """Knows technical terms (INQ-5.2)."""
        ...


class CaseFile(Generic[P, S]):
    """The facts of one case, and the only way to change them.

    Attributes:
        kind: What it is to the table of access.
        asked: Clauses that asking for identification proves besides the handoff procedure's own.
        escalated: Those that a rung of the matrix proves besides its own.
        verified: Those that a verified identity proves besides.
    """

    kind: ClassVar[ObjectKind]
    asked: ClassVar[tuple[str, ...]] = ()
    escalated: ClassVar[tuple[str, ...]] = ()
    verified: ClassVar[tuple[str, ...]] = ()

    def __init__(self, policy: P, state: S) -> None:
        self.policy = policy
        self.state = state
        self._cause = "clock"
        self._count = 0
        self._withdrawn: tuple[str, ...] = ()

    def cause(self, name: str) -> None:
        """Name what the next entries come from: an update's id, `open` or `clock`."""
        self._cause, self._count = name, 0

    def set(self, **changes: object) -> None:
        """Replace facts."""
        unknown = changes.keys() - type(self.state).model_fields.keys()
        if unknown:
            raise AttributeError(f"no such fact: {', '.join(sorted(unknown))}")
        self.state = self.state.model_copy(update=changes)

    def record(
        self,
        kind: str,
        actor: Actor,
        now: datetime,
        clauses: Iterable[str] = (),
        entry_id: str | None = None,
        **detail: Detail,
    ) -> None:
        """Append an entry to the journal, and count it as the proof of its clauses."""
        if entry_id is None:
            entry_id = f"{self._cause}#{self._count}"
            self._count += 1
        if self._withdrawn:
            detail["withdraws"] = sorted(self._withdrawn)
            self._withdrawn = ()
        entry = Entry(
            seq=self.state.seq + 1,
            entry_id=entry_id,
            at=now,
            actor=actor,
            kind=kind,
            clauses=tuple(clauses),
            detail=detail,
        )
        proofs = self.state.proofs | dict.fromkeys(entry.clauses, entry.seq)
        self.set(seq=entry.seq, proofs=proofs)
        self._send(entries=(entry,))

    def unprove(self, clauses: Iterable[str]) -> None:
        """Withdraw proofs that no longer hold; the entries stay, and the next one says so."""
        dropped = frozenset(clauses)
        self._withdrawn += tuple(dropped & self.state.proofs.keys())
        self.set(proofs={c: s for c, s in self.state.proofs.items() if c not in dropped})

    def tell_customer(
        self, customer: Addressee, topic: str, message_id: str, now: datetime, **values: str
    ) -> None:
        """Put a message to the customer into the outbox, in the register that suits them."""
        template = self.policy.messages.get(topic)
        if template is None:
            return
        desk = self.policy.desk
        body = render(
            template,
            technical_terms=customer.technical_terms,
            values={
                "case_id": self.state.case_id,
                "company": desk.company,
                "contact": desk.contact,
                **values,
            },
        )
        self.send(topic, message_id, f"customer:{customer.customer_id}", body, now)

    def warn_holder(self, message_id: str, body: str, now: datetime) -> None:
        """Put a warning to the holder into the outbox; without a holder, to the representatives."""
        holder = self.holder
        recipient = f"principal:{holder}" if holder else "role:csr"
        self.send("warning", message_id, recipient, body, now)

    def tell_crm(self, opening: Opening) -> None:
        """Hand over what the CRM is told once."""
        self._send(opening=opening)

    def put_task(self, task: TaskRecord) -> None:
        """Open or end a task for staff."""
        self._send(tasks=(task,))

    def put_verification(self, record: VerificationRecord) -> None:
        """Write a line of the verification log (HOF-7.1)."""
        self._send(verifications=(self._with_entry(record),))

    def put_confirmation(self, record: HandoffConfirmation) -> None:
        """Write a handoff's confirmation (HOF-7.2)."""
        self._send(confirmations=(self._with_entry(record),))

    def put_report(self, record: IncidentReport) -> None:
        """Write an exception or incident report (HOF-7.3)."""
        report = self._with_entry(record)
        self._send(reports=(report,))
        self.set(unfiled=(*self.state.unfiled, report))

    def filed(self, report_id: str) -> None:
        """Note that the incident management system has a report."""
        rest = tuple(report for report in self.state.unfiled if report.report_id != report_id)
        self.set(unfiled=rest)

    def identity_found(self, outcome: VerificationOutcome) -> None:
        """Hear what an identity check, or a supervisor about it, has found."""

    def put_escalation(self, record: EscalationRecord) -> None:
        """Tell the register of escalations."""
        self._send(escalations=(record,))

    def put_row(self) -> None:
        """Have the case's row written although no entry is due."""
        self.set(pending=self.state.pending.model_copy(update={"row_changed": True}))

    def put_rung(self, changed: RungState) -> None:
        """Replace a rung by its key, or add it."""
        others = tuple(r for r in self.state.rungs if r.key != changed.key)
        self.set(rungs=(*others, changed))

    def spare(self, rung: RungState, now: datetime) -> None:
        """Take back a rung: one that waits is met, one that fired is to be stood down.

        An escalation that has not begun never will, so its end is told to the register here.
        """
        if rung.armed:
            self.put_rung(rung.model_copy(update={"met_at": now}))
        elif rung.live and rung.status is None:
            self.put_rung(rung.model_copy(update={"stand_down": True, "status": "ended"}))
            self.put_escalation(
                EscalationRecord(
                    case_id=self.state.case_id,
                    rung=rung.rung,
                    occasion=rung.occasion,
                    ended_at=now,
                    ended_because=NOT_NEEDED,
                )
            )
        elif rung.live:
            self.put_rung(rung.model_copy(update={"stand_down": True}))

    def send(self, topic: str, message_id: str, recipient: str, body: str, now: datetime) -> None:
        """Put a message into the outbox; a page and what is to staff hold nothing personal."""
        message = OutboxMessage(
            message_id=f"{self.state.case_id}/{message_id}",
            case_id=self.state.case_id,
            recipient=recipient,
            topic=topic,
            body=body,
            created_at=now,
        )
        self._send(messages=(message,))

    def _with_entry(self, record: R) -> R:
        """Return a record with the entry that it belongs to: the last one that was recorded."""
        return record.model_copy(update={"entry": self.state.seq})

    def _send(self, *, opening: Opening | None = None, **more: tuple[Payload, ...]) -> None:
        out = self.state.pending
        changes: dict[str, object] = {name: getattr(out, name) + new for name, new in more.items()}
        if opening is not None:
            changes["opening"] = opening
        self.set(pending=out.model_copy(update=changes))

    def note_handler(self, principal: str) -> None:
        """Note who works on the case; who decides about it must be somebody else (HOF-3.2)."""
        if principal not in self.state.handled_by:
            self.set(handled_by=(*self.state.handled_by, principal))

    @property
    def handlers(self) -> frozenset[str]:
        """Whose case it is: none of them decides about it (HOF-3.2)."""
        state = self.state
        own = {state.opened_by, *state.handled_by}
        return frozenset(own | {state.assignee} if state.assignee else own)

    @property
    def facts(self) -> ObjectFacts:
        """What decides who sees the case, and who may do what in it (HOF-5.3)."""
        return ObjectFacts(
            kind=self.kind,
            opened_by=self.state.opened_by,
            assignee=self.state.assignee,
            holder=self.holder,
            policy_version=self.policy.version,
        )

    @property
    def level(self) -> int:
        """The highest level of an escalation that is going on; 0 for none."""
        return max((r.level for r in self.state.rungs if r.live), default=0)

    @property
    def holder(self) -> str | None:
        """Who has the case now: who took the highest escalation, else the assignee."""
        takers = [r for r in self.state.rungs if r.live and r.acknowledged_by]
        if takers:
            return max(takers, key=lambda r: r.level).acknowledged_by
        return self.state.assignee


AnyCase = CaseFile[Any, Any]
"""A case of whichever procedure."""
