"""The Updates and queries of an inquiry: whatever a person or service reports (INQ-4).

A base class in a file of its own: the sandbox runs the workflow's file anew for every case, and
this one is passed through.
"""

from sop import messages as m
from sop.clock import next_deadline
from sop.handoff.messages import HandoffReport, OpenHandoff
from sop.inquiry import Inquiry
from sop.models import Payload, Stage
from sop.state import InquiryState
from temporalio import workflow

from workflows.casework import Casework


class InquiryView(Payload):
    """The whole state of an inquiry, and what follows from it."""

    stage: Stage
    holder: str | None
    level: int
    missing: tuple[str, ...]
    next_deadline: str | None
    state: InquiryState


class InquirySteps(Casework):
    """The steps of an inquiry."""

    case: Inquiry

    @workflow.query(description="The whole state of the inquiry")
    def state(self) -> InquiryView:
        """Return everything the case knows."""
        deadline = next_deadline(self.case)
        return InquiryView(
            stage=self.case.stage,
            holder=self.case.holder,
            level=self.case.level,
            missing=self.case.missing,
            next_deadline=f"{deadline.what} {deadline.at.isoformat()}" if deadline else None,
            state=self.case.state,
        )

    @workflow.signal(description="A handoff of this inquiry says where it stands")
    def handoff_reported(self, report: HandoffReport) -> None:
        """Note where a handoff stands, and whether it has ended."""
        self.case.hear_handoff(report, workflow.now())
        self.changed = True

    @workflow.update(description="Identify the customer (HOF-4.1)")
    async def identify(self, step: m.Identify) -> m.Receipt:
        """Take the outcome of an identity check."""
        return await self.take(step)

    @identify.validator
    def _check_identify(self, step: m.Identify) -> None:
        self.check(step)

    @workflow.update(description="Decide a discrepancy as a supervisor (HOF-4.1.4)")
    async def decide_discrepancy(self, step: m.DecideDiscrepancy) -> m.Receipt:
        """Approve or reject, with a reason."""
        return await self.take(step)

    @decide_discrepancy.validator
    def _check_decide_discrepancy(self, step: m.DecideDiscrepancy) -> None:
        self.check(step)

    @workflow.update(description="Open a handoff from the inquiry (HOF-2)")
    async def open_handoff(self, step: OpenHandoff) -> m.Receipt:
        """Open a handoff, which has a workflow of its own."""
        return await self.take(step)

    @open_handoff.validator
    def _check_open_handoff(self, step: OpenHandoff) -> None:
        self.check(step)

    @workflow.update(description="Attest the reception (INQ-4.1)")
    async def record_reception(self, step: m.RecordReception) -> m.Receipt:
        """Attest the reception."""
        return await self.take(step)

    @record_reception.validator
    def _check_reception(self, step: m.RecordReception) -> None:
        self.check(step)

    @workflow.update(description="Set or correct category and priority (INQ-4.2)")
    async def categorise(self, step: m.Categorise) -> m.Receipt:
        """Set or correct category and priority."""
        return await self.take(step)

    @categorise.validator
    def _check_categorise(self, step: m.Categorise) -> None:
        self.check(step)

    @workflow.update(description="Record the outcome of the verification (INQ-4.3)")
    async def record_verification(self, step: m.RecordVerification) -> m.Receipt:
        """Record the outcome of the verification."""
        return await self.take(step)

    @record_verification.validator
    def _check_verification(self, step: m.RecordVerification) -> None:
        self.check(step)

    @workflow.update(description="Record an answer as sent (INQ-4.4.1)")
    async def respond(self, step: m.Respond) -> m.Receipt:
        """Record an answer."""
        return await self.take(step)

    @respond.validator
    def _check_respond(self, step: m.Respond) -> None:
        self.check(step)

    @workflow.update(description="Record the response time told to the customer (INQ-4.4.3)")
    async def promise(self, step: m.Promise) -> m.Receipt:
        """Start the clock of a promise."""
        return await self.take(step)

    @promise.validator
    def _check_promise(self, step: m.Promise) -> None:
        self.check(step)

    @workflow.update(description="The customer wrote, called or came again")
    async def customer_replied(self, step: m.CustomerReplied) -> m.Receipt:
        """Record what the customer said."""
        return await self.take(step)

    @customer_replied.validator
    def _check_customer_replied(self, step: m.CustomerReplied) -> None:
        self.check(step)

    @workflow.update(description="The customer owes an answer")
    async def wait_for_customer(self, step: m.WaitForCustomer) -> m.Receipt:
        """Wait for the customer; clocks pause where the policy says so."""
        return await self.take(step)

    @wait_for_customer.validator
    def _check_wait_for_customer(self, step: m.WaitForCustomer) -> None:
        self.check(step)

    @workflow.update(description="Go on without the customer's answer")
    async def resume(self, step: m.Resume) -> m.Receipt:
        """End the wait for the customer."""
        return await self.take(step)

    @resume.validator
    def _check_resume(self, step: m.Resume) -> None:
        self.check(step)

    @workflow.update(description="Escalate sooner than the matrix asks (INQ-4.4.4)")
    async def escalate(self, step: m.Escalate) -> m.Receipt:
        """Escalate by hand."""
        return await self.take(step)

    @escalate.validator
    def _check_escalate(self, step: m.Escalate) -> None:
        self.check(step)

    @workflow.update(description="Assign or reassign the case")
    async def assign(self, step: m.Assign) -> m.Receipt:
        """Assign the case."""
        return await self.take(step)

    @assign.validator
    def _check_assign(self, step: m.Assign) -> None:
        self.check(step)

    @workflow.update(description="Add a note (INQ-4.5.1)")
    async def add_note(self, step: m.AddNote) -> m.Receipt:
        """Add a note to the journal."""
        return await self.take(step)

    @add_note.validator
    def _check_add_note(self, step: m.AddNote) -> None:
        self.check(step)

    @workflow.update(description="Record the resolution (INQ-4.4, INQ-4.5.2)")
    async def resolve(self, step: m.Resolve) -> m.Receipt:
        """Record the resolution; the follow-up begins."""
        return await self.take(step)

    @resolve.validator
    def _check_resolve(self, step: m.Resolve) -> None:
        self.check(step)

    @workflow.update(description="Record a contact after resolution (INQ-4.6)")
    async def record_follow_up(self, step: m.RecordFollowUp) -> m.Receipt:
        """Record the outcome of the follow-up."""
        return await self.take(step)

    @record_follow_up.validator
    def _check_follow_up(self, step: m.RecordFollowUp) -> None:
        self.check(step)

    @workflow.update(description="Withdraw the inquiry, with a reason")
    async def withdraw(self, step: m.Withdraw) -> m.Receipt:
        """Withdraw the inquiry."""
        return await self.take(step)

    @withdraw.validator
    def _check_withdraw(self, step: m.Withdraw) -> None:
        self.check(step)

    @workflow.update(description="Close as a duplicate of another case")
    async def mark_duplicate(self, step: m.MarkDuplicate) -> m.Receipt:
        """Close as a duplicate."""
        return await self.take(step)

    @mark_duplicate.validator
    def _check_duplicate(self, step: m.MarkDuplicate) -> None:
        self.check(step)

    @workflow.update(description="Move the open case to another policy version (HOF-8)")
    async def adopt_policy(self, step: m.AdoptPolicy) -> m.Receipt:
        """Move the case to another policy version."""
        return await self.take(step)

    @adopt_policy.validator
    def _check_adopt_policy(self, step: m.AdoptPolicy) -> None:
        self.check(step)
