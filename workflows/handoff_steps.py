"""The Updates of a handoff, and what it does besides: mail, and reports to its inquiry (HOF-4).

A base class in a file of its own: the sandbox runs the workflow's file anew for every case, and
this one is passed through.
"""

import asyncio

from activities.ports import SecureMail
from activities.transferring import TransferActivities
from sop import messages as m
from sop.handoff import messages as h
from sop.handoff.brief import mail_text
from sop.handoff.handoff import Handoff
from sop.handoff.models import HandoffStage
from sop.handoff.state import HandoffState
from sop.models import Payload
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.casework import Casework
from workflows.options import SEND_MAIL


class HandoffView(Payload):
    """The whole state of a handoff, and what follows from it."""

    stage: HandoffStage
    holder: str | None
    level: int
    missing: tuple[str, ...]
    next_deadline: str | None
    state: HandoffState


class HandoffSteps(Casework):
    """The steps of a handoff."""

    case: Handoff
    told: h.HandoffReport | None = None
    mailing: asyncio.Task[None] | None = None

    def begin_acting(self) -> None:
        """Know nothing told to the inquiry yet; after continue-as-new it is told once more."""
        self.told = None
        self.mailing = None

    async def act(self) -> None:
        """Mail what is to be mailed, beside everything else; tell the inquiry what changed."""
        idle = self.mailing is None or self.mailing.done()
        if self.case.stage == HandoffStage.SENDING and idle:
            self.mailing = asyncio.create_task(self._mail())
        await self._tell_inquiry()

    def is_quiet(self) -> bool:
        """Return whether no mail is under way."""
        return self.mailing is None or self.mailing.done()

    async def _mail(self) -> None:
        """Send the encrypted message; what cannot be encrypted does not leave (HOF-4.2.4)."""
        state = self.case.state
        number = state.offers
        mail = SecureMail(
            message_id=f"{state.case_id}/offer/{number}/mail",
            case_id=state.case_id,
            party=state.receiving.party,
            subject=f"Handoff {state.case_id}",
            body=mail_text(self.case),
        )
        try:
            sent = await workflow.execute_activity_method(
                TransferActivities.send_encrypted,
                mail,
                summary="Mail the handoff, encrypted",
                **SEND_MAIL,
            )
        except ActivityError as error:
            cause = error.cause
            why = cause.type if isinstance(cause, ApplicationError) and cause.type else "not sent"
            self.case.mail_not_sent(why, workflow.now())
        else:
            self.case.mail_sent(sent.key_id, workflow.now())
        self.changed = True

    async def _tell_inquiry(self) -> None:
        inquiry_id, report = self.case.state.inquiry_id, self.case.report()
        if inquiry_id is None or report == self.told:
            return
        self.told = report
        try:
            inquiry = workflow.get_external_workflow_handle(inquiry_id)
            await inquiry.signal("handoff_reported", report)
        except ApplicationError:  # the handoff may outlive its inquiry
            workflow.logger.info("inquiry.closed_before", extra={"inquiry_id": inquiry_id})

    @workflow.query(description="The whole state of the handoff")
    def state(self) -> HandoffView:
        """Return everything the handoff knows."""
        deadline = self.case.next_deadline()
        return HandoffView(
            stage=self.case.stage,
            holder=self.case.holder,
            level=self.case.level,
            missing=self.case.missing,
            next_deadline=f"{deadline.what} {deadline.at.isoformat()}" if deadline else None,
            state=self.case.state,
        )

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

    @workflow.update(description="Confirm that items are correct and complete (HOF-4.2.1)")
    async def confirm_items(self, step: h.ConfirmItems) -> m.Receipt:
        """Confirm items one by one."""
        return await self.take(step)

    @confirm_items.validator
    def _check_confirm_items(self, step: h.ConfirmItems) -> None:
        self.check(step)

    @workflow.update(description="Complete the brief for the receiving party (HOF-4.2.2)")
    async def complete_brief(self, step: h.CompleteBrief) -> m.Receipt:
        """Complete the brief."""
        return await self.take(step)

    @complete_brief.validator
    def _check_complete_brief(self, step: h.CompleteBrief) -> None:
        self.check(step)

    @workflow.update(description="Tell the customer, and introduce who receives (HOF-4.2.3)")
    async def tell_customer(self, step: h.TellCustomer) -> m.Receipt:
        """Attest what the customer was told."""
        return await self.take(step)

    @tell_customer.validator
    def _check_tell_customer(self, step: h.TellCustomer) -> None:
        self.check(step)

    @workflow.update(description="Hand over to another party")
    async def change_receiver(self, step: h.ChangeReceiver) -> m.Receipt:
        """Change the receiving party."""
        return await self.take(step)

    @change_receiver.validator
    def _check_change_receiver(self, step: h.ChangeReceiver) -> None:
        self.check(step)

    @workflow.update(description="Transfer over an approved channel (HOF-4.2.4)")
    async def transfer(self, step: h.Transfer) -> m.Receipt:
        """Transfer, and offer to the receiving party."""
        return await self.take(step)

    @transfer.validator
    def _check_transfer(self, step: h.Transfer) -> None:
        self.check(step)

    @workflow.update(description="Say how far the courier has come")
    async def report_courier(self, step: h.ReportCourier) -> m.Receipt:
        """Note the courier's status."""
        return await self.take(step)

    @report_courier.validator
    def _check_report_courier(self, step: h.ReportCourier) -> None:
        self.check(step)

    @workflow.update(description="Acknowledge the offer: all, part, or refuse (HOF-4.2.5)")
    async def answer_offer(self, step: h.AnswerOffer) -> m.Receipt:
        """Hear the receiving party."""
        return await self.take(step)

    @answer_offer.validator
    def _check_answer_offer(self, step: h.AnswerOffer) -> None:
        self.check(step)

    @workflow.update(description="End a handoff that came back")
    async def conclude(self, step: h.Conclude) -> m.Receipt:
        """Conclude the handoff."""
        return await self.take(step)

    @conclude.validator
    def _check_conclude(self, step: h.Conclude) -> None:
        self.check(step)

    @workflow.update(description="Assign or reassign the handoff")
    async def assign(self, step: h.AssignHandoff) -> m.Receipt:
        """Assign the handoff."""
        return await self.take(step)

    @assign.validator
    def _check_assign(self, step: h.AssignHandoff) -> None:
        self.check(step)

    @workflow.update(description="Add a note (HOF-4.3.2)")
    async def add_note(self, step: h.AddHandoffNote) -> m.Receipt:
        """Add a note to the journal."""
        return await self.take(step)

    @add_note.validator
    def _check_add_note(self, step: h.AddHandoffNote) -> None:
        self.check(step)

    @workflow.update(description="Give the handoff up before its transfer")
    async def withdraw(self, step: h.WithdrawHandoff) -> m.Receipt:
        """Withdraw the handoff."""
        return await self.take(step)

    @withdraw.validator
    def _check_withdraw(self, step: h.WithdrawHandoff) -> None:
        self.check(step)

    @workflow.update(description="Move the open handoff to another policy version (HOF-8)")
    async def adopt_policy(self, step: h.AdoptHandoffPolicy) -> m.Receipt:
        """Move the handoff to another policy version."""
        return await self.take(step)

    @adopt_policy.validator
    def _check_adopt_policy(self, step: h.AdoptHandoffPolicy) -> None:
        self.check(step)
