"""The handoff procedure as its workflow sees it: steps in, deadlines and work out."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Self

from sop import discrepancy
from sop import messages as shared
from sop.access import require
from sop.deadlines import Due, do_due, earliest, rung_deadlines
from sop.discrepancy import approval_deadline
from sop.errors import InvalidValueError
from sop.handoff import messages as m
from sop.handoff import steps_preparing, steps_transferring
from sop.handoff.case import HandoffCase
from sop.handoff.describe import details
from sop.handoff.models import HandoffClosedAs, HandoffRow
from sop.handoff.offering import give_back, offer_deadlines
from sop.handoff.receiving import offered_to, require_apart, require_no_preparing
from sop.handoff.state import HandoffOutcome, HandoffStart, HandoffState
from sop.identity import Identification
from sop.messages import Command, Refusal
from sop.models import CLOCK, Customer, Deadline, Opening, VerificationOutcome
from sop.policy import HandoffPolicy
from sop.procedure import Procedure

Step = Callable[[HandoffCase, Any, datetime], Refusal | None]

STEPS: dict[type[Command], Step] = {
    shared.Identify: steps_preparing.identify,
    shared.DecideDiscrepancy: discrepancy.decide,
    m.ConfirmItems: steps_preparing.confirm_items,
    m.CompleteBrief: steps_preparing.complete_brief,
    m.TellCustomer: steps_preparing.tell_customer,
    m.ChangeReceiver: steps_preparing.change_receiver,
    m.AssignHandoff: steps_preparing.assign,
    m.AddHandoffNote: steps_preparing.add_note,
    m.Transfer: steps_transferring.transfer,
    m.ReportCourier: steps_transferring.report_courier,
    m.AnswerOffer: steps_transferring.answer_offer,
    m.Conclude: steps_transferring.conclude,
    m.WithdrawHandoff: steps_transferring.withdraw,
    m.AdoptHandoffPolicy: steps_transferring.adopt_policy,
}


def check_order(order: m.HandoffOrder) -> None:
    """Refuse a handoff that cannot be, before anything starts.

    Raises:
        SopError: Why.
    """
    require(order.opened_by, "open_handoff")
    opening = order.opening
    names = [item.item for item in opening.items]
    if len(set(names)) != len(names):
        raise InvalidValueError("Two items bear one name; give each its own.", clause="HOF-4.2.1")
    for sender in (order.opened_by.principal, opening.assignee):
        if sender is not None:
            require_apart(opening.receiving.party, sender)


class Handoff(HandoffCase, Procedure[HandoffPolicy, HandoffState, HandoffRow]):
    """One handoff, from opening to its end."""

    @classmethod
    def begin(cls, start: HandoffStart, now: datetime) -> Self:
        """Take up a handoff: a new one, or one that was continued as new.

        Raises:
            ValueError: The input holds neither an order nor a state.
        """
        if start.state is not None:
            return cls(start.policy, start.state)
        if start.order is None:
            raise ValueError("a handoff begins with an order or a state")
        return cls._open(start.order, now)

    @classmethod
    def _open(cls, order: m.HandoffOrder, now: datetime) -> Self:
        opening, by = order.opening, order.opened_by
        received_at = min(order.received_at, now)
        state = HandoffState(
            case_id=order.case_id,
            received_at=received_at,
            opened_by=by.principal,
            handled_by=order.handled_by,
            assignee=opening.assignee,
            customer=Customer(
                customer_id=opening.customer_id,
                name=opening.customer_name,
                technical_terms=opening.technical_terms,
            ),
            inquiry_id=opening.inquiry_id,
            subject=opening.subject,
            text=opening.text,
            items=opening.items,
            receiving=opening.receiving,
            custody=opening.assignee or by.principal,
            custody_since=received_at,
            digest=order.digest,
        )
        case = cls(order.policy, state)
        case.cause("open")
        case.tell_crm(
            Opening(
                customer=state.customer,
                subject=opening.subject,
                text=opening.text,
                request_digest=order.digest,
            )
        )
        case.record(
            "handoff.opened",
            by,
            received_at,
            ["HOF-2", "HOF-3.1"],
            inquiry_id=opening.inquiry_id,
            items=[item.item for item in opening.items],
            receiving_party=opening.receiving.party,
            custody=state.custody,
            policy_version=order.policy.version,
        )
        case._carry(order, received_at)
        case.cause("clock")
        return case

    def _carry(self, order: m.HandoffOrder, now: datetime) -> None:
        """Take over the identity that the inquiry has verified: its level, not its evidence."""
        if order.identity is None:
            return
        identification = Identification(
            identity=order.identity, outcome=VerificationOutcome.VERIFIED
        )
        self.set(identification=identification)
        self.record(
            "identity.carried",
            order.opened_by,
            now,
            order.identity_proofs,
            from_case=self.state.inquiry_id,
            level=str(order.identity.level),
            verified_by=order.identity.verified_by,
            expires_at=order.identity.expires_at.isoformat(),
        )

    def perform(self, command: Command, now: datetime) -> None:
        """Do a step. One that is refused on record leaves its refusal behind."""
        require_no_preparing(self.state, command)
        self.refused = STEPS[type(command)](self, command, now)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        do_due(self, _deadlines, now)

    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the handoff acts by itself."""
        return earliest(_deadlines(self), warnings=warnings)

    def mail_sent(self, key_id: str, now: datetime) -> None:
        """Hear that the encrypted message has left."""
        steps_transferring.mail_sent(self, key_id, now)

    def mail_not_sent(self, why: str, now: datetime) -> None:
        """Hear that nothing could be mailed."""
        steps_transferring.mail_not_sent(self, why, now)

    def cancel(self, now: datetime) -> None:
        """End the handoff in order: an operator cancelled its workflow in Temporal."""
        if not self.closed:
            self.record("handoff.cancelled", CLOCK, now, entry_id="cancelled")
            offer = self.state.offer
            if offer is not None and offer.sent_at is not None:
                give_back(self, "cancelled", CLOCK, now)
            returned = self.state.returned_at is not None
            how = HandoffClosedAs.RETURNED if returned else HandoffClosedAs.WITHDRAWN
            self.close(how, CLOCK, now)

    def report(self) -> m.HandoffReport:
        """Return what the inquiry should know that it was opened from."""
        return m.HandoffReport(
            handoff_id=self.state.case_id,
            stage=str(self.stage),
            custody=self.state.custody,
            closed_as=str(self.state.closed_as) if self.state.closed_as else None,
        )

    def details(self) -> str:
        """Return the handoff's card for the Temporal UI."""
        return details(self, self.next_deadline(warnings=False))

    @property
    def verification(self) -> VerificationOutcome | None:
        """What the last identity check found."""
        return self.state.identification.outcome

    @property
    def closed_text(self) -> str:
        """What a closed handoff says to a step."""
        return f"The handoff is closed ({self.state.closed_as}). Open a new one if it is needed."

    def outcome(self) -> HandoffOutcome:
        """Return how the handoff ended.

        Raises:
            ValueError: It has not.
        """
        if self.state.closed_as is None:
            raise ValueError("the handoff is open")
        return HandoffOutcome(
            case_id=self.state.case_id,
            closed_as=self.state.closed_as,
            custody=self.state.custody,
            entries=self.state.seq,
        )

    def to_continue(self, start: HandoffStart) -> HandoffStart:
        """Return the input with which the handoff continues as new: everything it knows."""
        update = {"order": None, "policy": self.policy, "state": self.state}
        return start.model_copy(update=update)

    def row(self) -> HandoffRow:
        """Return the handoff's row as it stands."""
        state, deadline = self.state, self.next_deadline(warnings=False)
        offer = state.offer or state.last_offer
        identity = state.identification.identity
        return HandoffRow(
            handoff_id=state.case_id,
            version=state.seq,
            customer_id=state.customer.customer_id,
            inquiry_id=state.inquiry_id,
            stage=self.stage,
            subject=state.subject,
            text=state.text,
            items=state.items,
            confirmed_items=state.confirmed,
            missing_items=offer.missing if offer else (),
            brief=state.brief,
            assignee=state.assignee,
            holder=self.holder,
            opened_by=state.opened_by,
            receiving_party=state.receiving.party,
            receiving_party_name=state.receiving.name,
            receiving_party_contact=state.receiving.contact,
            offered_to=offered_to(state),
            verification=state.identification.outcome,
            identity_level=identity.level if identity else None,
            identity_expires_at=identity.expires_at if identity else None,
            customer_told_at=state.customer_told_at,
            channel=offer.channel if offer else None,
            carrier=offer.carrier if offer else None,
            tracking_number=offer.tracking_number if offer else None,
            courier_status=offer.courier_status if offer else None,
            transferred_at=offer.sent_at if offer else None,
            acknowledged_at=offer.answered_at if offer else None,
            acknowledged_by=offer.answered_by if offer else None,
            answer=offer.answer if offer else None,
            custody=state.custody,
            custody_since=state.custody_since,
            escalation_level=self.level,
            received_at=state.received_at,
            received_local=self.policy.desk.local(state.received_at),
            next_deadline=deadline.at if deadline else None,
            next_deadline_what=deadline.what if deadline else None,
            closed_at=state.closed_at,
            closed_as=state.closed_as,
            policy_version=self.policy.version,
            request_digest=state.digest,
        )


def _deadlines(case: HandoffCase) -> Iterator[Due]:
    if case.state.closed_as is not None:
        return
    yield from rung_deadlines(case)
    yield from approval_deadline(case)
    yield from offer_deadlines(case)
