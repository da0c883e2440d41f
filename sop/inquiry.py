"""The inquiry handling protocol as its workflow sees it: steps in, deadlines and work out."""

from datetime import datetime
from typing import Self

from sop.access import require
from sop.case import Case
from sop.clock import next_deadline, tick
from sop.errors import CaseClosedError, InvalidValueError
from sop.escalating import report
from sop.messages import Command, EscalationReport, InquiryOpening, Receipt
from sop.models import CLOCK, Actor, CaseRecord, ClosedAs, Deadline, Opening
from sop.outgoing import Outgoing
from sop.policy import CasePolicy
from sop.state import InquiryOutcome, InquiryStart, InquiryState, RungState
from sop.steps import STEPS
from sop.steps_ending import close, may_close
from sop.steps_intake import attest_reception, check_classification, classify

REMEMBERED_RECEIPTS = 200
"""So many answers are kept to recognise a repeated request across continue-as-new."""


def check_opening(policy: CasePolicy, opening: InquiryOpening, actor: Actor) -> None:
    """Refuse an opening that the policy does not allow, before anything starts.

    Raises:
        SopError: Why.
    """
    require(actor, "open")
    if opening.channel not in policy.channels:
        raise InvalidValueError(
            f"The policy has no channel {opening.channel}; it has {', '.join(policy.channels)}.",
            clause="INQ-2",
        )
    if opening.reception is not None:
        require(actor, "record_reception")
    if opening.classification is not None:
        require(actor, "categorise")
        check_classification(policy, opening.classification)


class Inquiry(Case):
    """One inquiry, from reception to closing."""

    @classmethod
    def begin(cls, start: InquiryStart, now: datetime) -> Self:
        """Take up a case: a new one, or one that was continued as new.

        Raises:
            ValueError: The input holds neither an opening nor a state.
        """
        if start.state is not None:
            return cls(start.policy, start.state)
        if start.opening is None:
            raise ValueError("an inquiry begins with an opening or a state")
        return cls._open(start, start.opening, now)

    @classmethod
    def _open(cls, start: InquiryStart, opening: InquiryOpening, now: datetime) -> Self:
        """Log the inquiry, and attest and classify as far as the caller could (INQ-4.1, 4.2).

        All of it is known from the receipt on, so a worker that was away makes the rungs late.
        """
        policy, opened_by = start.policy, start.opened_by
        received_at = min(start.received_at, now)
        state = InquiryState(
            case_id=start.case_id,
            customer=opening.customer,
            channel=opening.channel,
            received_at=received_at,
            opened_by=opened_by.principal,
            assignee=opening.assignee,
        )
        case = cls(policy, state)
        case.cause("open")
        case.tell_crm(
            Opening(
                customer=opening.customer,
                subject=opening.subject,
                text=opening.text,
                request_digest=start.digest,
            )
        )
        case.record(
            "inquiry.opened",
            opened_by,
            received_at,
            ["INQ-2", "INQ-3.1"],
            channel=str(opening.channel),
            received_local=policy.desk.local(received_at),
            policy_version=policy.version,
            assignee=opening.assignee,
        )
        if opening.reception is not None:
            attest_reception(case, opening.reception, opened_by, received_at)
        if opening.classification is not None:
            classify(case, opening.classification, opened_by, received_at, reason=None)
        case.rearm(received_at, opened_by, "receipt")
        tick(case, now)
        case.cause("clock")
        return case

    def check(self, command: Command, now: datetime) -> None:
        """Refuse a step that may not be done; change nothing.

        Raises:
            SopError: Why, with the clause that asks for it.
        """
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
        state = self.state
        if state.closed_as is not None:
            raise CaseClosedError(
                f"The case is closed ({state.closed_as}). Open a new inquiry that refers to it."
            )
        draft = type(self)(self.policy, state)
        draft.cause(cause)
        STEPS[type(command)](draft, command, now)
        if may_close(draft):
            close(draft, ClosedAs.RESOLVED, command.actor, now)
        tick(draft, now)
        self.policy, self.state = draft.policy, draft.state
        proved = tuple(c for c, seq in self.state.proofs.items() if seq > state.seq)
        answer = self._receipt(command.digest, proved)
        self._remember(cause, answer)
        return answer

    def cancel(self, now: datetime) -> None:
        """Close the case as withdrawn: an operator cancelled its workflow in Temporal."""
        if self.state.closed_as is None:
            self.record("inquiry.cancelled", CLOCK, now, entry_id="cancelled")
            close(self, ClosedAs.WITHDRAWN, CLOCK, now)

    def answered(self, cause: str) -> Receipt | None:
        """Return the answer that was given under this id before."""
        return self.state.seen.get(cause)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        tick(self, now)

    def next_deadline(self) -> Deadline | None:
        """Return the next moment at which the case acts by itself."""
        return next_deadline(self)

    def hear(self, said: EscalationReport) -> None:
        """Note what an escalation of this case says of itself."""
        report(self, said)

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
    def closed(self) -> bool:
        """The case has ended."""
        return self.state.closed_as is not None

    def outcome(self) -> InquiryOutcome:
        """Return how the case ended.

        Raises:
            ValueError: It has not.
        """
        if self.state.closed_as is None:
            raise ValueError("the case is open")
        return InquiryOutcome(
            case_id=self.state.case_id, closed_as=self.state.closed_as, entries=self.state.seq
        )

    def to_continue(self, start: InquiryStart) -> InquiryStart:
        """Return the input with which the case continues as new: everything it knows."""
        return start.model_copy(
            update={"opening": None, "policy": self.policy, "state": self.state}
        )

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

    def case_record(self) -> CaseRecord:
        """Return the case's row as it stands."""
        state, deadline = self.state, next_deadline(self, warnings=False)
        return CaseRecord(
            case_id=state.case_id,
            version=state.seq,
            customer_id=state.customer.customer_id,
            channel=state.channel,
            stage=self.stage,
            category=state.category,
            priority=state.priority,
            complex=state.complex,
            assignee=state.assignee,
            holder=self.holder,
            escalation_level=self.level,
            received_at=state.received_at,
            received_local=self.policy.desk.local(state.received_at),
            opened_by=state.opened_by,
            promise_due_at=state.promise.answer_by if state.promise else None,
            waiting_since=state.waiting_since,
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            verification=state.verification,
            resolved_at=state.resolved_at,
            resolution=state.resolution,
            responsible=state.responsible,
            follow_up_outcome=state.follow_up_outcome,
            feedback=state.feedback,
            satisfaction=state.satisfaction,
            closed_at=state.closed_at,
            closed_as=state.closed_as,
            duplicate_of=state.duplicate_of,
            policy_version=self.policy.version,
        )

    def _receipt(self, digest: str, proved: tuple[str, ...]) -> Receipt:
        deadline = next_deadline(self, warnings=False)
        return Receipt(
            case_id=self.state.case_id,
            seq=self.state.seq,
            stage=self.stage,
            proved=proved,
            missing=self.missing,
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            digest=digest,
        )

    def _remember(self, cause: str, answer: Receipt) -> None:
        kept = list(self.state.seen.items())[-(REMEMBERED_RECEIPTS - 1) :]
        self.set(seen=dict([*kept, (cause, answer)]))
