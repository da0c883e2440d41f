"""A procedure as its workflow sees it: steps in, deadlines and work out.

`sop.inquiry`, `sop.handoff.handoff`, `sop.incident.incident` and `sop.duty.duty` say which steps
and which clock.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Generic, TypeVar

from sop.access import require, require_on
from sop.case_file import CaseFile, P, S
from sop.discrepancy import NO_HANDLERS
from sop.errors import CaseClosedError
from sop.escalating import report
from sop.messages import Command, EscalationReport, Receipt, Refusal
from sop.models import Deadline, VerificationOutcome
from sop.outgoing import Outgoing
from sop.registers import IncidentReport
from sop.state import RungState

Row = TypeVar("Row")

REMEMBERED_RECEIPTS = 200
"""So many answers are kept to recognise a repeated request across continue-as-new."""


class Procedure(CaseFile[P, S], Generic[P, S, Row], ABC):
    """A case, and what may be done with it."""

    refused: Refusal | None = None
    """The step at hand is refused, and that is on record (HOF-4.2.4)."""

    @abstractmethod
    def perform(self, command: Command, now: datetime) -> None:
        """Do a step, and what follows from it; refuse before anything changes."""

    @abstractmethod
    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""

    @abstractmethod
    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the case acts by itself."""

    @abstractmethod
    def row(self) -> Row:
        """Return the case's row as it stands."""

    @abstractmethod
    def cancel(self, now: datetime) -> None:
        """End the case in order: an operator cancelled its workflow in Temporal."""

    @abstractmethod
    def details(self) -> str:
        """Return the case's card for the Temporal UI, in Markdown without personal data."""

    @property
    @abstractmethod
    def stage(self) -> str:
        """Where the case stands."""

    @property
    @abstractmethod
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the case and closing."""

    @property
    def verification(self) -> VerificationOutcome | None:
        """What the last identity check found, where the case has a customer."""
        return None

    @property
    def advice(self) -> str | None:
        """What a step's answer says must be done besides."""
        return None

    @property
    @abstractmethod
    def closed_text(self) -> str:
        """What a closed case says to a step."""

    @property
    def closed(self) -> bool:
        """The case has ended."""
        return self.state.closed_at is not None

    def check(self, command: Command, now: datetime) -> None:
        """Refuse a step that may not be done; change nothing.

        Whose case it is, is asked here alone: a history holds steps that were taken under other
        rules of objects, and they are taken again when it is replayed.

        Raises:
            SopError: Why, with the clause that asks for it.
        """
        require_on(command.actor, command.step, self.facts)
        type(self)(self.policy, self.state).apply(command, now, cause="check")

    def apply(self, command: Command, now: datetime, *, cause: str) -> Receipt:
        """Do a step that a person or service reports, and answer with a receipt.

        Args:
            command: The step.
            now: The moment of the workflow task.
            cause: The update's id: names the entries, so that a repetition is recognised.

        Raises:
            SopError: The step is refused, and nothing has changed.
        """
        require(command.actor, command.step)
        before = self.state
        if self.closed:
            raise CaseClosedError(self.closed_text)
        draft = type(self)(self.policy, before)
        draft.cause(cause)
        draft.perform(command, now)
        draft.tick(now)
        if command.step not in NO_HANDLERS:
            draft.note_handler(command.actor.principal)
        self.policy, self.state = draft.policy, draft.state
        answer = self._receipt(command.digest, before.seq, draft.refused)
        self._remember(cause, answer)
        return answer

    def answered(self, cause: str) -> Receipt | None:
        """Return the answer that was given under this id before."""
        return self.state.seen.get(cause)

    def hear(self, said: EscalationReport) -> None:
        """Note what an escalation of this case says of itself."""
        report(self, said)

    def reports_to_file(self) -> tuple[IncidentReport, ...]:
        """Return the reports that the incident management system does not have yet."""
        return self.state.unfiled

    def take_new_escalations(self) -> tuple[RungState, ...]:
        """Return the rungs that fired and have no escalation yet; they have one from here on."""
        new = tuple(r for r in self.state.rungs if r.live and r.status is None)
        for rung in new:
            self.put_rung(rung.model_copy(update={"status": "paging"}))
        return new

    def take_needless_escalations(self) -> tuple[RungState, ...]:
        """Return the escalations that the case no longer needs; each is returned once."""
        needless = tuple(r for r in self.state.rungs if r.stand_down and r.status != "ended")
        for rung in needless:
            self.put_rung(rung.model_copy(update={"status": "ended"}))
        return needless

    def held_escalations(self) -> tuple[RungState, ...]:
        """Return the escalations that a person holds: work on the case renews their lease."""
        return tuple(r for r in self.state.rungs if r.live and r.status == "acknowledged")

    @property
    def has_pending(self) -> bool:
        """There is something that the CRM does not have yet."""
        return self.state.pending != Outgoing()

    @property
    def unwritten_from(self) -> int:
        """The first entry that the CRM may not have."""
        return self.state.pending.first_seq(self.state.seq)

    def take_pending(self) -> Outgoing:
        """Return what the CRM does not have yet."""
        pending = self.state.pending
        self.set(pending=Outgoing())
        return pending

    def _receipt(self, digest: str, before: int, refused: Refusal | None) -> Receipt:
        deadline = self.next_deadline(warnings=False)
        return Receipt(
            case_id=self.state.case_id,
            seq=self.state.seq,
            stage=self.stage,
            proved=tuple(c for c, seq in self.state.proofs.items() if seq > before),
            missing=self.missing,
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            digest=digest,
            refused=refused,
            verification=self.verification,
            advice=self.advice,
        )

    def _remember(self, cause: str, answer: Receipt) -> None:
        kept = list(self.state.seen.items())[-(REMEMBERED_RECEIPTS - 1) :]
        self.set(seen=dict([*kept, (cause, answer)]))
