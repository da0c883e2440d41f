"""The facts of one inquiry and its journal, and the verbs in which steps and clock are written.

`sop.inquiry` is the procedure as the workflow sees it; `sop.steps` holds what each reported
step does, `sop.clock` what each deadline does.
"""

from collections.abc import Iterable
from datetime import datetime

from sop.closing import missing_for_closing
from sop.ladder import rearm
from sop.models import (
    Actor,
    Entry,
    EscalationRecord,
    Opening,
    OutboxMessage,
    Stage,
    TaskRecord,
)
from sop.outgoing import Outgoing
from sop.plain_language import render
from sop.policy import CasePolicy
from sop.stages import stage_of
from sop.state import InquiryState, RungState

Detail = str | int | float | bool | list[str] | None

NOT_NEEDED = "the case no longer needs it"


class Case:
    """The facts of one inquiry, and the only way to change them."""

    def __init__(self, policy: CasePolicy, state: InquiryState) -> None:
        self.policy = policy
        self.state = state
        self._cause = "clock"
        self._count = 0

    def cause(self, name: str) -> None:
        """Name what the next entries come from: an update's id, `open` or `clock`."""
        self._cause, self._count = name, 0

    def set(self, **changes: object) -> None:
        """Replace facts."""
        unknown = changes.keys() - InquiryState.model_fields.keys()
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
        """Withdraw proofs that no longer hold; the entries stay."""
        dropped = frozenset(clauses)
        self.set(proofs={c: s for c, s in self.state.proofs.items() if c not in dropped})

    def tell_customer(self, topic: str, message_id: str, now: datetime, **values: str) -> None:
        """Put a message to the customer into the outbox, in the register that suits them."""
        template = self.policy.messages.get(topic)
        if template is None:
            return
        desk = self.policy.desk
        body = render(
            template,
            technical_terms=self.state.customer.technical_terms,
            values={
                "case_id": self.state.case_id,
                "company": desk.company,
                "contact": desk.contact,
                **values,
            },
        )
        self._message(topic, message_id, f"customer:{self.state.customer.customer_id}", body, now)

    def warn_holder(self, message_id: str, body: str, now: datetime) -> None:
        """Put a warning to the holder into the outbox; without a holder, to the representatives."""
        holder = self.holder
        recipient = f"principal:{holder}" if holder else "role:csr"
        self._message("warning", message_id, recipient, body, now)

    def tell_crm(self, opening: Opening) -> None:
        """Hand over what the CRM is told once."""
        self._send(opening=opening)

    def put_task(self, task: TaskRecord) -> None:
        """Open or end a task for staff."""
        self._send(tasks=(task,))

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

    def rearm(self, now: datetime, actor: Actor, cause: str) -> None:
        """Compute the ladder again after a fact changed, and journal each moved deadline."""
        before = {r.key: r.due_at for r in self.state.rungs if r.armed}
        self.set(rungs=rearm(self.policy, self.state, now, cause))
        after = {r.key: r.due_at for r in self.state.rungs if r.armed}
        if cause == "receipt":
            due = [f"{key} {_iso(at)}" for key, at in sorted(after.items())]
            self.record("ladder.armed", actor, now, rungs=due)
            return
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                self.record(
                    "rung.moved",
                    actor,
                    now,
                    rung=key,
                    from_due=_iso(before.get(key)),
                    to_due=_iso(after.get(key)),
                    cause=cause,
                )

    def _message(
        self, topic: str, message_id: str, recipient: str, body: str, now: datetime
    ) -> None:
        message = OutboxMessage(
            message_id=f"{self.state.case_id}/{message_id}",
            case_id=self.state.case_id,
            recipient=recipient,
            topic=topic,
            body=body,
            created_at=now,
        )
        self._send(messages=(message,))

    def _send(
        self,
        entries: tuple[Entry, ...] = (),
        tasks: tuple[TaskRecord, ...] = (),
        messages: tuple[OutboxMessage, ...] = (),
        escalations: tuple[EscalationRecord, ...] = (),
        opening: Opening | None = None,
    ) -> None:
        out = self.state.pending
        self.set(
            pending=Outgoing(
                entries=out.entries + entries,
                tasks=out.tasks + tasks,
                messages=out.messages + messages,
                escalations=out.escalations + escalations,
                opening=opening or out.opening,
                row_changed=out.row_changed,
            )
        )

    @property
    def stage(self) -> Stage:
        """Where the case stands."""
        return stage_of(self.policy, self.state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the case and closing."""
        return missing_for_closing(self.state)

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


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
