"""One handoff as its steps and its clock see it: custody, offers, and what is told to whom."""

from datetime import datetime

from sop.case_file import CaseFile
from sop.discrepancy import end_identification
from sop.handoff.models import HandoffClosedAs, HandoffStage
from sop.handoff.stages import missing_for_closing, stage_of
from sop.handoff.state import HandoffState, Offer
from sop.models import Actor, Role, TaskKind, TaskRecord
from sop.object_rules import ObjectFacts, ObjectKind
from sop.policy import HandoffPolicy
from sop.registers import HandoffConfirmation, IncidentReport, ReportKind


class HandoffCase(CaseFile[HandoffPolicy, HandoffState]):
    """The facts of one handoff, and the only way to change them."""

    kind = ObjectKind.HANDOFF

    @property
    def stage(self) -> HandoffStage:
        """Where the handoff stands."""
        return stage_of(self.state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the handoff and its end."""
        return missing_for_closing(self.state)

    @property
    def handlers(self) -> frozenset[str]:
        """Whose case it is: the receiving party's as well."""
        return super().handlers | {self.state.receiving.party}

    @property
    def facts(self) -> ObjectFacts:
        """What decides who sees the handoff, and who may do what in it (HOF-3.3, HOF-5.3).

        Each step says itself what an offer that has ended means, so its party goes on seeing the
        handoff here; for the routes it ends to exist with the offer, as the CRM's row says.
        """
        party, offer = self.state.receiving.party, self.state.offer or self.state.last_offer
        carrier = offer.carrier if offer else None
        more = {"receiving_party": party, "offered_to": party, "carrier": carrier}
        return super().facts.model_copy(update=more)

    def pass_custody(self, to: str, actor: Actor, now: datetime, why: str) -> None:
        """Let somebody else have what is handed over; it is always exactly one party's."""
        before, since = self.state.custody, self.state.custody_since
        self.set(custody=to, custody_since=now)
        self.record(
            "custody.passed",
            actor,
            now,
            from_party=before,
            to_party=to,
            held_since=since.isoformat(),
            why=why,
        )

    def tell(self, topic: str, message_id: str, now: datetime) -> None:
        """Put a message to the customer into the outbox: who receives, and whom to ask."""
        receiving = self.state.receiving
        self.tell_customer(
            self.state.customer,
            topic,
            message_id,
            now,
            receiver=receiving.name,
            receiver_contact=receiving.contact,
        )

    def tell_receiver(self, topic: str, message_id: str, body: str, now: datetime) -> None:
        """Put a message to the receiving party into the outbox; it holds nothing personal."""
        self.send(topic, message_id, f"principal:{self.state.receiving.party}", body, now)

    def put_acknowledgement_task(self, offer: Offer, now: datetime, outcome: str = "") -> None:
        """Open or end the receiving party's task."""
        self.put_task(
            TaskRecord(
                task_id=f"{self.state.case_id}/acknowledgement/{offer.number}",
                case_id=self.state.case_id,
                kind=TaskKind.HANDOFF_ACKNOWLEDGEMENT,
                assignee=self.state.receiving.party,
                attempt=offer.number,
                opened_at=offer.sent_at or now,
                due_at=offer.return_at or now,
                done_at=now if outcome else None,
                outcome=outcome or None,
            )
        )

    def confirm(
        self,
        offer: Offer,
        outcome: str,
        actor: Actor,
        now: datetime,
        reason: str | None = None,
        *,
        custody_before: datetime | None = None,
    ) -> None:
        """Document the handoff: date, time, parties, specifics, custody (HOF-4.2.6).

        `custody_before` says since when the sender had what has just passed; None: nothing has.
        """
        state = self.state
        identity = state.identification.identity
        passed = custody_before is not None
        confirmation = HandoffConfirmation(
            confirmation_id=f"{state.case_id}/{offer.number}",
            case_id=state.case_id,
            customer_id=state.customer.customer_id,
            outcome=outcome,
            sender=state.sender,
            receiving_party=state.receiving.party,
            receiving_party_name=state.receiving.name,
            channel=offer.channel,
            carrier=offer.carrier,
            tracking_number=offer.tracking_number,
            items=tuple(item.item for item in state.items),
            missing=offer.missing,
            identity_level=identity.level if identity else None,
            transferred_at=offer.sent_at or offer.begun_at,
            sender_custody_from=custody_before or state.custody_since,
            sender_custody_until=now if passed else None,
            custody_from=now if passed else None,
            acknowledged_by=offer.answered_by,
            acknowledged_at=offer.answered_at,
            reason=reason,
            confirmed_at=now,
            policy_version=self.policy.version,
        )
        self.record(
            "handoff.confirmed",
            actor,
            now,
            ["HOF-4.2.6"],
            entry_id=f"offer/{offer.number}/confirmed",
            outcome=outcome,
            confirmation=confirmation.confirmation_id,
        )
        self.put_confirmation(confirmation)

    def report_id(self, kind: ReportKind, entry: int) -> str:
        """Return the id of the report that goes with an entry."""
        return f"{self.state.case_id}/{kind}/{entry}"

    def report_exception(
        self,
        kind: ReportKind,
        clause: str,
        actor: Actor,
        now: datetime,
        text: str,
        reason: str | None = None,
    ) -> str:
        """Write the report that goes with the entry just recorded (HOF-7.3); return its id."""
        report_id = self.report_id(kind, self.state.seq)
        self.put_report(
            IncidentReport(
                report_id=report_id,
                case_id=self.state.case_id,
                kind=kind,
                clause=clause,
                at=now,
                reported_by=actor.principal,
                manager=Role.DUTY_MANAGER,
                text=text,
                reason=reason,
                policy_version=self.policy.version,
            )
        )
        return report_id

    def stand_down(self, now: datetime) -> None:
        """End what waits for an open handoff: armed rungs are met, escalations not needed."""
        for rung in self.state.rungs:
            self.spare(rung, now)

    def close(self, closed_as: HandoffClosedAs, actor: Actor, now: datetime) -> None:
        """End the handoff: nothing that waits may outlive it."""
        end_identification(self, now)
        self.stand_down(now)
        last = self.state.offer or self.state.last_offer
        self.set(closed_as=closed_as, closed_at=now, offer=None, last_offer=last)
        self.record(
            "handoff.closed",
            actor,
            now,
            ["HOF-4.3.2"],
            closed_as=str(closed_as),
            custody=self.state.custody,
        )
