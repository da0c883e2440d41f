"""The inquiry handling protocol as its workflow sees it: steps in, deadlines and work out."""

from datetime import datetime
from typing import Self

from sop.access import require
from sop.case import Case
from sop.clock import next_deadline, tick
from sop.describe import details
from sop.errors import InvalidValueError
from sop.handoff.messages import HandoffOrder, HandoffReport
from sop.messages import Command, InquiryOpening
from sop.models import CLOCK, Actor, CaseRecord, ClosedAs, Deadline, Opening, VerificationOutcome
from sop.policy import CasePolicy
from sop.procedure import Procedure
from sop.state import InquiryOutcome, InquiryStart, InquiryState
from sop.steps import STEPS
from sop.steps_ending import close, may_close
from sop.steps_handling import handoff_begun, hear_handoff
from sop.steps_intake import attest_reception, check_classification, classify


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


class Inquiry(Case, Procedure[CasePolicy, InquiryState, CaseRecord]):
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

    def perform(self, command: Command, now: datetime) -> None:
        """Do a step; the last one that closing waits for closes the case."""
        STEPS[type(command)](self, command, now)
        self.close_if_done(command.actor, now)

    def hear_handoff(self, said: HandoffReport, now: datetime) -> None:
        """Note where a handoff stands; the inquiry may have waited for its end alone."""
        hear_handoff(self, said, now)
        self.close_if_done(CLOCK, now)

    def handoff_begun(self, order: HandoffOrder, now: datetime, *, started: bool) -> None:
        """Note that a handoff's workflow runs; one whose id has run before is not waited for."""
        handoff_begun(self, order, now, started=started)
        self.close_if_done(CLOCK, now)

    def close_if_done(self, actor: Actor, now: datetime) -> None:
        """Close the case when nothing is missing any more."""
        if may_close(self):
            close(self, ClosedAs.RESOLVED, actor, now)

    def cancel(self, now: datetime) -> None:
        """Close the case as withdrawn: an operator cancelled its workflow in Temporal."""
        if self.state.closed_as is None:
            self.record("inquiry.cancelled", CLOCK, now, entry_id="cancelled")
            close(self, ClosedAs.WITHDRAWN, CLOCK, now)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        tick(self, now)

    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the case acts by itself."""
        return next_deadline(self, warnings=warnings)

    def details(self) -> str:
        """Return the case's card for the Temporal UI."""
        return details(self)

    @property
    def verification(self) -> VerificationOutcome | None:
        """What the last identity check found."""
        return self.state.verification

    @property
    def closed_text(self) -> str:
        """What a closed case says to a step."""
        return f"The case is closed ({self.state.closed_as}). Open a new inquiry that refers to it."

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

    def row(self) -> CaseRecord:
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
