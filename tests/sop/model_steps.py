"""What each step does to the plain model of `model_clocks`, and whether it is refused."""

from datetime import datetime

from sop import messages as m
from sop.handoff.messages import OpenHandoff
from tests.sop.model_clocks import DAY, Clocks

RECEPTION = {
    "listened": "INQ-4.1.2",
    "key_points_confirmed": "INQ-4.1.3",
    "courteous": "INQ-5.3",
}


class Model(Clocks):
    """One inquiry, step by step. A step that is refused answers False."""

    def take(self, step: m.Command, now: datetime) -> bool:
        """Do a step and what is due then; return False, and do nothing, where it is refused."""
        if self.closed or getattr(self, f"_{step.step}")(step, now) is False:
            return False
        self.close_if_done(now)
        self.tick(now)
        self.identity.note(step)
        return True

    def close_if_done(self, now: datetime) -> None:
        if self.outcome and not self.missing and not self.closed:
            self.close("resolved", now)

    def hear(self, handoff_id: str, now: datetime) -> None:
        """Hear that a handoff has ended; the inquiry may have waited for that alone."""
        if handoff_id in self.handoffs.known and not self.closed:
            self.handoffs.ended.add(handoff_id)
            self.close_if_done(now)

    def _record_reception(self, step: m.RecordReception, now: datetime) -> None:
        self.attest(step)

    def attest(self, step: m.RecordReception) -> None:
        self.proofs.add("INQ-4.1.1")
        for fact, clause in RECEPTION.items():
            holds = getattr(step.reception, fact)
            self.proofs = self.proofs | {clause} if holds else self.proofs - {clause}

    def _categorise(self, step: m.Categorise, now: datetime) -> bool:
        to = step.classification
        if to.category == "gossip" or (self.category and not step.reason):
            return False
        self.category, self.priority = to.category, str(to.priority)
        self.complex, self.general = to.complex, to.general_information
        self.proofs |= {"INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3"}
        self.settle_exemption()
        return True

    def settle_exemption(self) -> None:
        if self.verification == "verified":
            return
        if self.cleared:
            self.proofs |= {"INQ-4.3.1", "INQ-4.3.2"}
            return
        self.proofs.discard("INQ-4.3.2")
        if self.verification is None:
            self.proofs.discard("INQ-4.3.1")

    def _identify(self, step: m.Identify, now: datetime) -> bool:
        outcome = self.identity.identify(step, now)
        if outcome is None or outcome == "told":
            return outcome is not None
        self.verification = outcome
        self.proofs |= {"INQ-4.3.1"} if step.forms else set()
        self.settle_verification()
        if outcome == "needs_supervisor":
            self.fire("discrepancy", now, now)
        return True

    def _decide_discrepancy(self, step: m.DecideDiscrepancy, now: datetime) -> bool:
        if not self.identity.decide(step, now, {self.assignee}):
            return False
        self.live.pop("discrepancy", None)
        if not step.approve:
            self.verification = "not_verified"
        return True

    def _open_handoff(self, step: OpenHandoff, now: datetime) -> bool:
        return not self.identity.stopped and self.handoffs.add(step)

    def through(self, step: m.Command, now: datetime) -> bool:
        """Return whether the verification gate lets something through now."""
        if self.identity.outcome is None:
            return self.verification == "verified"
        if not self.identity.use(now, step.actor.principal):
            return False
        self.verification = "verified"
        self.proofs.add("INQ-4.3.2")
        return True

    def settle_verification(self) -> None:
        if self.verification == "verified":
            self.proofs.add("INQ-4.3.2")
        elif not self.cleared:
            self.proofs.discard("INQ-4.3.2")

    def _record_verification(self, step: m.RecordVerification, now: datetime) -> bool:
        verified = step.outcome == "verified"
        if self.identity.stopped:
            return False
        if verified and self.identity.outcome not in {None, "verified"}:
            return False
        if not verified and self.identity.until is not None:
            self.identity.until, self.identity.outcome = None, str(step.outcome)
        self.verification = str(step.outcome)
        self.proofs.add("INQ-4.3.1")
        self.settle_verification()
        if step.outcome == "needs_supervisor":
            self.identity.approved_until = None
            self.identity.stop()
            self.fire("discrepancy", now, now)
        return True

    def _respond(self, step: m.Respond, now: datetime) -> bool:
        if step.discloses_account and not self.through(step, now):
            return False
        self.promise = None
        self.proofs.add("INQ-4.4.1")
        return True

    def _promise(self, step: m.Promise, now: datetime) -> bool:
        if self.resolved or not now < step.answer_by <= now + 10 * DAY:
            return False
        if self.promise is not None and self.promise <= now:
            self.break_promise(now)
        self.promise = step.answer_by
        self.proofs.add("INQ-4.4.3")
        return True

    def _customer_replied(self, step: m.CustomerReplied, now: datetime) -> None:
        self.end_wait(now)
        if step.problem_persists and self.resolutions:
            self.unresolved(now, now)

    def _wait_for_customer(self, step: m.WaitForCustomer, now: datetime) -> bool:
        if self.resolved or self.waiting:
            return False
        self.waits.append((now, None))
        return True

    def _resume(self, step: m.Resume, now: datetime) -> bool:
        if not self.waiting:
            return False
        self.end_wait(now)
        return True

    def _escalate(self, step: m.Escalate, now: datetime) -> bool:
        name = step.rung
        if name in self.live or name not in {*self.matrix.after, "unresolved"}:
            return False
        if name == "unresolved":
            self.unresolved(now, now)
            return True
        if self.resolved:
            return False
        self.fire(name, min(self.rungs.get(name) or now, now), now)
        return True

    def _assign(self, step: m.Assign, now: datetime) -> None:
        if self.assignee is not None:
            self.identity.handlers.add(self.assignee)
        self.assignee = step.assignee

    def _add_note(self, step: m.AddNote, now: datetime) -> None:
        pass

    def _resolve(self, step: m.Resolve, now: datetime) -> bool:
        told = step.customer_confirmed or "INQ-4.4.3" in self.proofs
        exempt = self.general and self.matrix.exempt
        if self.resolved or self.identity.stopped or not told:
            return False
        if not (exempt or self.through(step, now)):
            return False
        self.end_wait(now)
        self.promise, self.resolved = None, True
        self.resolutions += 1
        self.live.clear()
        self.attempt, self.attempt_from = 1, now
        self.proofs |= {"INQ-4.4.1"} | ({"INQ-4.4.2"} if step.customer_confirmed else set())
        return True

    def _record_follow_up(self, step: m.RecordFollowUp, now: datetime) -> bool:
        due, attempt = self.contact_due, self.attempt
        if due is None or attempt is None or (step.outcome == "not_reached" and now < due):
            return False
        if step.outcome == "confirmed" and not (step.feedback or step.satisfaction):
            return False
        self.end_contact()
        if step.outcome == "not_reached" and attempt < self.matrix.attempts:
            self.attempt, self.attempt_from = attempt + 1, now
            return True
        self.proofs |= {"INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"}
        if step.outcome == "dissatisfied":
            self.unresolved(now, now)
            return True
        self.proofs |= {"INQ-4.4.2"} if step.outcome == "confirmed" else set()
        self.outcome, self.lacking = str(step.outcome), now
        return True

    def _withdraw(self, step: m.Withdraw, now: datetime) -> None:
        self.close("withdrawn", now)

    def _mark_duplicate(self, step: m.MarkDuplicate, now: datetime) -> None:
        self.close("duplicate", now)

    def _adopt_policy(self, step: m.AdoptPolicy, now: datetime) -> None:
        self.version = step.policy.version
        self.settle_exemption()
        rows = {*self.matrix.after, "unresolved", "follow_up_overdue", "discrepancy"}
        if self.matrix.overdue_after is None:
            rows.discard("follow_up_overdue")
        self.live = {name: begun for name, begun in self.live.items() if begun or name in rows}
